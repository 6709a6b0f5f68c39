using System.Diagnostics;
using System.Net;
using IdentityHost.Protocol.Keys;
using IdentityHost.ResourceServer;
using IdentityHost.ResourceServer.Remote;
using IdentityHost.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace IdentityHost.Tests.ResourceServer.Remote;

/// <summary>The library in an API that stands apart from its issuer.</summary>
public sealed class RemoteApiTests(RemoteHost host) : IClassFixture<RemoteHost>
{
    static readonly TimeSpan Promised = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task A_good_token_costs_the_issuer_nothing()
    {
        await using var api = await RemoteApi.StartAsync(host);
        var (person, token) = await RemoteHost.NewAsync(host.Client);
        Assert.Equal(HttpStatusCode.OK, await api.GetAsync(token));
        var (keys, streams) = (api.Line.Count(IssuerLine.Keys), api.Line.Count(IssuerLine.Feed));
        for (var i = 0; i < 50; i++)
        {
            using var response = await api.Client.GetAsync("/orders", token);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal($"{person.Id}", await response.Content.ReadAsStringAsync());
        }
        Assert.Equal(0, api.Line.Count(IssuerLine.Introspection));
        Assert.Equal((keys, streams), (api.Line.Count(IssuerLine.Keys), api.Line.Count(IssuerLine.Feed)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_logout_at_either_node_is_obeyed(int node)
    {
        await using var api = await RemoteApi.StartAsync(host);
        var (person, token) = await RemoteHost.NewAsync(host.Client);
        Assert.Equal(HttpStatusCode.OK, await api.GetAsync(token));
        await person.EndAsync(RevokingAct.Logout, host.Nodes[node].Client, "");
        await RefusedAsync(api, token);
        Assert.Equal(0, api.Line.Count(IssuerLine.Introspection));
    }

    [Fact]
    public async Task Without_the_feed_the_issuer_is_asked_about_each_token()
    {
        await using var api = await RemoteApi.StartAsync(host);
        var (person, token) = await RemoteHost.NewAsync(host.Client);
        var (_, other) = await RemoteHost.NewAsync(host.Client);
        api.Line.Cut(IssuerLine.Feed);
        await api.UntilFreshAsync(fresh: false);
        for (var i = 0; i < 3; i++)
            Assert.Equal(HttpStatusCode.OK, await api.GetAsync(token));
        Assert.Equal(3, api.Line.Count(IssuerLine.Introspection));
        await person.EndAsync(RevokingAct.Logout, host.Nodes[0].Client, "");
        await RefusedAsync(api, token);
        var asked = api.Line.Count(IssuerLine.Introspection);
        // Once it is known to be dead, it need not be asked about again at once.
        Assert.Equal(HttpStatusCode.Unauthorized, await api.GetAsync(token));
        Assert.Equal(asked, api.Line.Count(IssuerLine.Introspection));

        // And what happened meanwhile is known when the feed is back.
        api.Line.Mend();
        await api.UntilFreshAsync();
        Assert.Equal(HttpStatusCode.OK, await api.GetAsync(other));
        Assert.Equal(HttpStatusCode.Unauthorized, await api.GetAsync(token));
        Assert.Equal(asked, api.Line.Count(IssuerLine.Introspection));
    }

    /// <summary>Not 401: the token may be good, and its owner must not have to sign in again.</summary>
    [Fact]
    public async Task An_issuer_that_is_away_makes_the_api_refuse()
    {
        await using var api = await RemoteApi.StartAsync(host);
        var (_, token) = await RemoteHost.NewAsync(host.Client);
        api.Line.Cut(IssuerLine.Feed, IssuerLine.Introspection);
        await api.UntilFreshAsync(fresh: false);
        using var response = await api.Client.GetAsync("/orders", token);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal("1", response.Headers.RetryAfter?.ToString());
        Assert.Empty(response.Headers.WwwAuthenticate);
        // A bad one is bad without asking.
        Assert.Equal(HttpStatusCode.Unauthorized, await api.GetAsync(token[..^4] + "AAAA"));
        api.Line.Mend();
        await api.UntilFreshAsync();
        Assert.Equal(HttpStatusCode.OK, await api.GetAsync(token));
    }

    [Fact]
    public async Task Who_chose_so_goes_by_the_last_copy_for_a_while()
    {
        var longest = TimeSpan.FromSeconds(4);
        await using var api = await RemoteApi.StartAsync(host, bearer => bearer.WhenUnreachable = IssuerUnreachable.AcceptFor(longest));
        var (person, dead) = await RemoteHost.NewAsync(host.Client);
        var (_, token) = await RemoteHost.NewAsync(host.Client);
        await person.EndAsync(RevokingAct.Logout, host.Nodes[0].Client, "");
        await RefusedAsync(api, dead);
        var watch = Stopwatch.StartNew();
        api.Line.Cut(IssuerLine.Feed, IssuerLine.Introspection);
        await api.UntilFreshAsync(fresh: false);
        var (status, deadStatus) = (await api.GetAsync(token), await api.GetAsync(dead));
        if (watch.Elapsed < longest / 2)
            Assert.Equal(HttpStatusCode.OK, status);
        Assert.NotEqual(HttpStatusCode.OK, deadStatus);
        // What was on its way when the line was cut still counts.
        await Task.Delay(longest + TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await api.GetAsync(token));
    }

    /// <summary>The stream goes on at whichever node answers, from where it was left.</summary>
    [Fact]
    public async Task A_broken_stream_is_resumed()
    {
        await using var api = await RemoteApi.StartAsync(host);
        for (var i = 0; i < 5; i++)
        {
            var (person, token) = await RemoteHost.NewAsync(host.Client);
            var streams = api.Line.Count(IssuerLine.Feed);
            api.Line.Break();
            await person.EndAsync(RevokingAct.Logout, host.Nodes[i % 2].Client, "");
            await Eventually.TrueAsync(() => Task.FromResult(api.Line.Count(IssuerLine.Feed) > streams && api.Copy.IsFresh), TimeSpan.FromSeconds(20));
            Assert.Equal(HttpStatusCode.Unauthorized, await api.GetAsync(token));
        }
        Assert.Null(api.Line.AskedFrom.First());
        Assert.All(api.Line.AskedFrom.Skip(1), Assert.NotNull);
        Assert.Equal(1, api.Copy.Clears);
    }

    /// <summary>Strangers choose what <c>kid</c> they send.</summary>
    [Fact]
    public async Task Unknown_keys_make_no_storm()
    {
        await using var api = await RemoteApi.StartAsync(host);
        var before = api.Line.Count(IssuerLine.Keys);
        var (_, token) = await RemoteHost.NewAsync(host.Client);
        var watch = Stopwatch.StartNew();
        var rest = token[token.IndexOf('.', StringComparison.Ordinal)..];
        var answers = await Task.WhenAll(Enumerable.Range(0, 1000).Select(i => api.GetAsync(TokenWriter.Encode(TokenWriter.Header(("kid", $"\"k{i}\""))) + rest)));
        Assert.All(answers, status => Assert.Equal(HttpStatusCode.Unauthorized, status));
        Assert.InRange(api.Line.Count(IssuerLine.Keys) - before, 1, 2 + (int)(watch.Elapsed.TotalSeconds / 5));
        Assert.Equal(HttpStatusCode.OK, await api.GetAsync(token));
    }

    /// <summary>An announced key is in memory before the first token that it signs; one that comes without notice is fetched because the feed tells of it.</summary>
    [Fact]
    public async Task A_new_key_is_known_before_it_is_met()
    {
        await using var api = await RemoteApi.StartAsync(host);
        foreach (var next in await host.Nodes[0].Service<KeyRotation>().RotateAsync(atOnce: true, default))
            await Eventually.TrueAsync(() => Task.FromResult(api.Service<RemoteKeys>().TryGet(next.Kid, out _)), TimeSpan.FromSeconds(20));
        await Task.Delay(TimeSpan.FromSeconds(3.5));
        var (_, token) = await RemoteHost.NewAsync(host.Client);
        Assert.Equal(HttpStatusCode.OK, await api.GetAsync(token));
    }

    [Fact]
    public async Task A_revoked_key_takes_its_tokens_with_it()
    {
        await using var api = await RemoteApi.StartAsync(host);
        var (_, token) = await RemoteHost.NewAsync(host.Client);
        Assert.Equal(HttpStatusCode.OK, await api.GetAsync(token));
        var rotation = host.Nodes[0].Service<KeyRotation>();
        var signing = (await rotation.ListAsync(default)).Last(k => k is { Stage: KeyStage.Signing, Algorithm: "ES256" });
        Assert.NotNull(await rotation.RevokeAsync(signing.Kid, default));
        await RefusedAsync(api, token);
        await host.FeedReadAsync();
        var (_, fresh) = await RemoteHost.NewAsync(host.Client);
        Assert.Equal(HttpStatusCode.OK, await api.GetAsync(fresh));
    }

    [Theory]
    [InlineData("", RemoteHost.ApiSecret, HostFixture.Issuer)]
    [InlineData(RemoteHost.ApiClient, "", HostFixture.Issuer)]
    [InlineData(RemoteHost.ApiClient, RemoteHost.ApiSecret, "http://id.example.com")]
    public async Task An_api_that_could_not_follow_does_not_start(string client, string secret, string authority) =>
        await Assert.ThrowsAsync<OptionsValidationException>(() => RemoteApi.StartAsync(host, bearer => (bearer.ClientId, bearer.ClientSecret, bearer.Authority) = (client, secret, authority)));

    [Fact]
    public async Task A_wrong_secret_is_told_in_the_log_and_lets_nobody_in()
    {
        await using var api = await RemoteApi.StartAsync(host, bearer => bearer.ClientSecret = "not-the-secret-of-the-orders-api-at-all");
        var (_, token) = await RemoteHost.NewAsync(host.Client);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await api.GetAsync(token));
        Assert.Contains(api.Log.Lines, line => line.Contains("does not let this API follow", StringComparison.Ordinal));
        Assert.DoesNotContain(api.Log.Lines, line => line.Contains("not-the-secret", StringComparison.Ordinal));
    }

    static async Task RefusedAsync(RemoteApi api, string token)
    {
        var watch = Stopwatch.StartNew();
        while (await api.GetAsync(token) != HttpStatusCode.Unauthorized)
        {
            Assert.True(watch.Elapsed < Promised, $"The token is accepted {watch.Elapsed} after it was revoked.");
            await Task.Delay(5);
        }
    }
}
