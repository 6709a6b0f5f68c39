using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.Races;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Faults;

/// <summary>A client that keeps one session by refreshing, and remembers only what it was told: an answer that got lost it never saw.</summary>
sealed class RefreshingClient
{
    readonly HostFixture _host;
    readonly Guid _grant;
    readonly Guid _session;

    RefreshingClient(HostFixture host, RaceAnswer first)
    {
        _host = host;
        Newest = first;
        _grant = first.Grant;
        _session = Guid.ParseExact(Answers.ClaimsOf(first.AccessToken!)["sid"]!.GetValue<string>(), "N");
    }

    /// <summary>The last answer that arrived.</summary>
    public RaceAnswer Newest { get; private set; }

    public static async Task<RefreshingClient> NewAsync(HostFixture host, NodeProcess node) => new(host, (await SignedIn.NewAsync(node.Client)).Tokens);

    /// <summary>A refresh that must succeed, and moves the chain by one.</summary>
    public async Task RefreshAsync(NodeProcess node)
    {
        var answer = await AskAsync(node);
        Assert.True(answer.Granted, $"{answer.Status} {answer.Body.ToJsonString()}");
        Assert.Equal((_grant, Newest.Generation + 1), (answer.Grant, answer.Generation));
        Newest = answer;
    }

    /// <summary>Refreshes until no answer comes. Returns how many did.</summary>
    public async Task<int> RefreshUntilItIsGoneAsync(NodeProcess node, Countdown sends)
    {
        for (var answered = 0; ; answered++)
        {
            try
            {
                var refresh = RefreshAsync(node);
                sends.Count();
                await refresh;
            }
            catch (HttpRequestException)
            {
                // This is the lost answer.
                return answered;
            }
        }
    }

    /// <summary>
    /// Presents the token again whose answer was lost, twice, as an impatient client does: both times it is given the same successor, and that
    /// one works. Returns whether the node that died had rotated the token.
    /// </summary>
    public async Task<bool> GoOnAsync(NodeProcess node)
    {
        var rotated = await _host.ScalarAsync<int>("SELECT generation FROM grants WHERE id = $1", _grant) > Newest.Generation;
        var both = await Task.WhenAll(AskAsync(node), AskAsync(node));
        Assert.All(both, a => Assert.True(a.Granted, $"{a.Status} {a.Body.ToJsonString()}"));
        Assert.Equal(both[0].RefreshToken, both[1].RefreshToken);
        Assert.Equal((_grant, Newest.Generation + 1), (both[0].Grant, both[0].Generation));
        Newest = both[0];
        await RefreshAsync(node);
        using var current = await node.Client.GetAsync("/users/current", Newest.AccessToken!);
        Assert.True(current.IsSuccessStatusCode);
        return rotated;
    }

    /// <summary>I2: of the session there is one grant, and it stands where the client thinks it does.</summary>
    public async Task MustHaveOneLiveGenerationAsync()
    {
        Assert.Equal(1, await _host.ScalarAsync<long>("SELECT count(*) FROM grants WHERE session_id = $1 AND ended_at IS NULL", _session));
        Assert.Equal(Newest.Generation, await _host.ScalarAsync<int>("SELECT generation FROM grants WHERE id = $1 AND ended_at IS NULL", _grant));
    }

    Task<RaceAnswer> AskAsync(NodeProcess node) => RaceAnswer.OfAsync(
        -1, node.Client.TokenAsync(("grant_type", "refresh_token"), ("client_id", "demo"), ("refresh_token", Newest.RefreshToken!)));
}

/// <summary>Ends when something has happened so many times.</summary>
sealed class Countdown(int times)
{
    readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    int _left = times;

    public Task Reached => _reached.Task;

    public void Count()
    {
        if (Interlocked.Decrement(ref _left) == 0)
            _reached.SetResult();
    }
}
