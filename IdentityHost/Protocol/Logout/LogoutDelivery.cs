using System.Threading.Channels;
using IdentityHost.Data.Entities;
using IdentityHost.Protocol.Clients;
using IdentityHost.Revocation;

namespace IdentityHost.Protocol.Logout;

/// <summary>
/// Posts logout tokens to the applications (OpenID Connect Back-Channel Logout §2.5). Woken by the feed of revocations, which tells every node of the
/// end of a session within milliseconds, and by a job for what has to be tried again. Each application is told one thing at a time by a node, so a slow one
/// holds up nobody but itself.
/// </summary>
internal sealed partial class LogoutDelivery(
    DueLogouts logouts, LogoutTokens tokens, Applications applications, Egress egress, ILogger<LogoutDelivery> logger)
    : BackgroundService, IRevocationListener
{
    /// <summary>Applications in whose hands something is at one time.</summary>
    const int AtOnce = 64;

    /// <summary>Characters of an answer that are kept for the operator.</summary>
    const int Told = 400;

    /// <summary>For one try, all of it.</summary>
    static readonly TimeSpan Within = TimeSpan.FromSeconds(5);

    /// <summary>Longer than a try may take.</summary>
    static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(5);

    /// <summary>A receiver that was down for hours hears of it this long after it is back, at the latest.</summary>
    static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(15);

    static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    readonly Channel<bool> _nudges = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Something may be due.</summary>
    public void Nudge() => _nudges.Writer.TryWrite(true);

    public ValueTask AppliedAsync(RevocationKind kind, string key, CancellationToken cancellationToken)
    {
        if (kind is RevocationKind.Session or RevocationKind.User or RevocationKind.All)
            Nudge();
        return ValueTask.CompletedTask;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var running = new Dictionary<long, Task>();
        var nudged = _nudges.Reader.WaitToReadAsync(stoppingToken).AsTask();
        try
        {
            while (true)
            {
                await (running.Count == 0 ? (Task)nudged : Task.WhenAny([.. running.Values, nudged, Task.Delay(Look, stoppingToken)]));
                stoppingToken.ThrowIfCancellationRequested();
                if (nudged.IsCompleted)
                {
                    // Before looking: one that comes while we look is for the next look.
                    _nudges.Reader.TryRead(out _);
                    nudged = _nudges.Reader.WaitToReadAsync(stoppingToken).AsTask();
                }
                foreach (var (application, _) in running.Where(r => r.Value.IsCompleted).ToList())
                    running.Remove(application);
                foreach (var logout in await TakeAsync(running, stoppingToken))
                    running[logout.ApplicationId] = DeliverAsync(logout, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The node stops; what is not told yet is another's.
        }
        finally
        {
            await Task.WhenAll(running.Values);
        }
    }

    async Task<List<DueLogout>> TakeAsync(Dictionary<long, Task> running, CancellationToken cancellationToken)
    {
        if (running.Count >= AtOnce)
            return [];
        try
        {
            return await logouts.TakeAsync(running.Keys, AtOnce - running.Count, Lease, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // The database is away, or restarts: the job's next nudge finds what is due.
            Unread(logger, e.Message);
            return [];
        }
    }

    async Task DeliverAsync(DueLogout logout, CancellationToken cancellationToken)
    {
        try
        {
            var (error, isFinal) = await TellAsync(logout, cancellationToken);
            if (error is null)
                await logouts.DeliveredAsync(logout);
            else if (await logouts.FailedAsync(logout, error, WaitAfter(logout.Attempt), isFinal))
                GivenUp(logger, logout.Id, logout.ClientId, logout.Attempt, error);
            else
                Failed(logger, logout.Id, logout.ClientId, logout.Attempt, error);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The lease runs out, and another node tells it, with the same jti.
        }
        catch (Exception e)
        {
            // Whatever happened to one, the others go on; this one is due again when its lease has run out.
            Broken(logger, e, logout.Id);
        }
    }

    /// <summary>No error where the application took it. What it refuses as wrong (400, §2.8) it would refuse again.</summary>
    async Task<(string? Error, bool IsFinal)> TellAsync(DueLogout logout, CancellationToken cancellationToken)
    {
        if (await applications.FindAsync(logout.ClientId, cancellationToken) is not { Enabled: true, Client: { BackchannelLogoutUri: { } address } client })
            return ("The application is disabled, or wants no logout tokens any more.", true);
        var token = await tokens.IssueAsync(client, logout, cancellationToken);
        try
        {
            var answer = await egress.PostAsync(new Uri(address), [new("logout_token", token)], Told, Within, cancellationToken);
            return answer.Status is 200 or 204
                ? (null, false)
                : ($"{answer.Status} {OneLine(answer.Text)}".TrimEnd(), answer.Status == StatusCodes.Status400BadRequest);
        }
        catch (HttpRequestException e)
        {
            return (OneLine(e.Message), false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return ($"No answer within {Within.TotalSeconds:0} s.", false);
        }
    }

    /// <summary>5 s, 15 s, 45 s, … up to <see cref="LongestWait"/>.</summary>
    static TimeSpan WaitAfter(int attempt) =>
        TimeSpan.FromSeconds(Math.Min(LongestWait.TotalSeconds, FirstWait.TotalSeconds * Math.Pow(3, attempt - 1)));

    /// <summary>What a receiver says goes into the log and a column: one line, and not too long.</summary>
    static string OneLine(string text) => new([.. text.Select(c => char.IsControl(c) ? ' ' : c).Take(Told)]);

    [LoggerMessage(3110, LogLevel.Warning, "Logout message {Id} was not taken by {ClientId} at try {Attempt}: {Error}")]
    static partial void Failed(ILogger logger, long id, string clientId, int attempt, string error);

    [LoggerMessage(3111, LogLevel.Error, "Logout message {Id} for {ClientId} is given up after try {Attempt}: {Error}")]
    static partial void GivenUp(ILogger logger, long id, string clientId, int attempt, string error);

    [LoggerMessage(3112, LogLevel.Error, "Logout message {Id} could not be delivered or recorded")]
    static partial void Broken(ILogger logger, Exception exception, long id);

    [LoggerMessage(3113, LogLevel.Warning, "Logout messages could not be read: {Error}")]
    static partial void Unread(ILogger logger, string error);
}
