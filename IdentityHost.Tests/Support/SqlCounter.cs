using System.Diagnostics;

namespace IdentityHost.Tests.Support;

/// <summary>
/// Counts the SQL statements of chosen HTTP requests, whatever else the node does meanwhile. The request carries <see cref="TraceParent"/>
/// (W3C Trace Context), the server continues that trace, and Npgsql tells every command of it.
/// </summary>
/// <remarks>
/// A batch of N statements counts as N. Npgsql does not tell the BEGIN and COMMIT of an explicit transaction as commands; opening a physical
/// connection is not a statement either.
/// </remarks>
internal sealed class SqlCounter : IDisposable
{
    const string RequestSource = "Microsoft.AspNetCore";
    const string DatabaseSource = "Npgsql";
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    readonly Lock _lock = new();
    readonly List<SqlStatement> _statements = [];
    readonly SemaphoreSlim _ended = new(0);
    readonly ActivityTraceId _trace = ActivityTraceId.CreateRandom();
    readonly ActivityListener _listener;

    public SqlCounter()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is RequestSource or DatabaseSource,
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                options.Parent.TraceId == _trace ? ActivitySamplingResult.AllData : ActivitySamplingResult.None,
            ActivityStopped = Stopped,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    /// <summary>The value of the request header <c>traceparent</c>.</summary>
    public string TraceParent => $"00-{_trace}-{ActivitySpanId.CreateRandom()}-01";

    /// <summary>What was sent so far, in the order in which it was answered.</summary>
    public IReadOnlyList<SqlStatement> Statements
    {
        get
        {
            lock (_lock)
                return [.. _statements];
        }
    }

    public int Count => Statements.Count;

    /// <summary>How many statements begin with this word.</summary>
    public int Of(string kind) => Statements.Count(s => string.Equals(s.Kind, kind, StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// Waits until the server has finished one more of the counted requests: the client may have the answer a moment before the last
    /// statement is told.
    /// </summary>
    /// <exception cref="TimeoutException">No request with <see cref="TraceParent"/> ended within five seconds.</exception>
    public async Task<SqlCounter> RequestEndedAsync()
    {
        if (!await _ended.WaitAsync(Patience))
            throw new TimeoutException("No request of this trace has ended. Was the traceparent header sent?");
        return this;
    }

    public void Dispose()
    {
        _listener.Dispose();
        _ended.Dispose();
    }

    void Stopped(Activity activity)
    {
        if (activity.TraceId != _trace)
            return;
        if (activity.Source.Name == RequestSource)
        {
            _ended.Release();
        }
        else if (activity.GetTagItem("db.query.text") is string sql)
        {
            lock (_lock)
                _statements.AddRange(SqlStatements.Split(sql));
        }
    }
}
