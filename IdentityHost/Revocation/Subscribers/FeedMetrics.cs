using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;

namespace IdentityHost.Revocation.Subscribers;

/// <summary>The promise of revocation, measured: how old a row is when this node obeys it.</summary>
internal sealed class FeedMetrics : IDisposable
{
    public const string MeterName = "IdentityHost.Revocation";

    /// <summary>Rows that claim to be older were not written by this version, or by hand.</summary>
    static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(1);

    readonly Meter _meter;
    readonly Histogram<double> _delay;
    readonly Counter<int> _dropped;
    readonly TimeSpan _keep;

    public FeedMetrics(IMeterFactory meters, IOptions<RevocationOptions> options)
    {
        _meter = meters.Create(MeterName);
        _keep = options.Value.Keep;
        _delay = _meter.CreateHistogram(
            "identityhost.revocation.delay",
            unit: "s",
            description: "From the statement that wrote a revocation, so before its commit, until this node obeys it.",
            tags: null,
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2] });
        _dropped = _meter.CreateCounter<int>("identityhost.revocation.dropped", unit: "{stream}", description: "Streams of resource servers that read too slowly.");
    }

    /// <summary>
    /// Rows carry no time of their commit. When they were written follows from when they end; the node read them at a known time of the same
    /// clock, the database's, and applied them as much later as has passed here since.
    /// </summary>
    public void Applied(List<Revoked> rows, FeedRead read)
    {
        if (rows.Count == 0 || !_delay.Enabled)
            return;
        var now = read.Now + read.Began.Elapsed;
        foreach (var row in rows)
        {
            var delay = now - (row.ExpiresAt - _keep);
            if (delay >= TimeSpan.Zero && delay < LongestDelay)
                _delay.Record(delay.TotalSeconds);
        }
    }

    public void Dropped(int streams) => _dropped.Add(streams);

    public void Dispose() => _meter.Dispose();
}
