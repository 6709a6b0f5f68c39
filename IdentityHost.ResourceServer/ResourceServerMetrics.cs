using System.Diagnostics.Metrics;
using IdentityHost.ResourceServer.Revocations;

namespace IdentityHost.ResourceServer;

/// <summary>What an operator of the API watches; the meter is <see cref="MeterName"/>.</summary>
sealed class ResourceServerMetrics : IDisposable
{
    public const string MeterName = "IdentityHost.ResourceServer";

    /// <summary>Rows that claim to be older come from a resumed stream, or were not written by the issuer's code.</summary>
    static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(1);

    readonly Meter _meter;
    readonly Counter<long> _tokens;
    readonly Counter<long> _introspections;
    readonly Counter<long> _fetches;
    readonly Counter<long> _reconnects;
    readonly Counter<long> _unasked;
    readonly Histogram<double> _delay;

    public ResourceServerMetrics(IMeterFactory meters, RevokedTokens copy)
    {
        _meter = meters.Create(MeterName);
        _tokens = _meter.CreateCounter<long>("identityhost.tokens", unit: "{token}", description: "Tokens that were judged, by result.");
        _introspections = _meter.CreateCounter<long>("identityhost.introspections", unit: "{request}", description: "Questions to the issuer while the copy was not fresh.");
        _fetches = _meter.CreateCounter<long>("identityhost.key.fetches", unit: "{request}", description: "Fetches of the issuer's keys, by reason.");
        _reconnects = _meter.CreateCounter<long>("identityhost.feed.reconnects", unit: "{connection}", description: "Times the stream of revocations ended.");
        _unasked = _meter.CreateCounter<long>("identityhost.tokens.unasked", unit: "{token}", description: "Tokens judged by an old copy, since the issuer was unreachable.");
        _delay = _meter.CreateHistogram(
            "identityhost.feed.delay",
            unit: "s",
            description: "From the statement that wrote a revocation at the issuer, so before its commit, until this API obeys it.",
            tags: null,
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2] });
        _meter.CreateObservableGauge("identityhost.feed.age", () => copy.Age?.TotalSeconds ?? -1, unit: "s", description: "How old the copy of revocations is; -1 before the first.");
        _meter.CreateObservableGauge("identityhost.feed.rows", () => copy.Count, unit: "{revocation}", description: "Revocations held in memory.");
    }

    public void Judged(string result) => _tokens.Add(1, new KeyValuePair<string, object?>("result", result));

    public void Asked(string result) => _introspections.Add(1, new KeyValuePair<string, object?>("result", result));

    public void Fetched(string reason, bool succeeded)
    {
        if (_fetches.Enabled)
        {
            _fetches.Add(1, new KeyValuePair<string, object?>("reason", reason), new KeyValuePair<string, object?>("succeeded", succeeded));
        }
    }

    public void Reconnecting() => _reconnects.Add(1);

    public void AcceptedUnasked() => _unasked.Add(1);

    public void Applied(TimeSpan delay)
    {
        if (delay >= TimeSpan.Zero && delay < LongestDelay)
        {
            _delay.Record(delay.TotalSeconds);
        }
    }

    public void Dispose() => _meter.Dispose();
}
