using System.Net;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol;

/// <summary>
/// <c>RefreshRotation: none</c>: the refresh token stays, everything else that ends a grant ends it all the same; and switching an application
/// from one to the other loses no session and lets no old token back in.
/// </summary>
public sealed class RefreshThatStaysTests(KeepingHost host) : IClassFixture<KeepingHost>, IAsyncLifetime
{
    static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    public async ValueTask InitializeAsync()
    {
        await host.Clock.SetAsync(TimeSpan.Zero);
        await host.SwitchAsync("none");
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task The_same_token_comes_back_with_new_access_tokens_from_both_nodes_at_once()
    {
        var token = await host.SignInAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => host.RefreshAsync(token, i % 2).GrantedAsync()));
        Assert.All(answers, a => Assert.Equal(token, a["refresh_token"]!.GetValue<string>()));
        Assert.Equal(20, answers.Select(a => a["access_token"]!.GetValue<string>()).Distinct(StringComparer.Ordinal).Count());
        foreach (var node in host.Nodes)
        {
            using var works = await node.Client.GetAsync("/users/current", answers[^1]["access_token"]!.GetValue<string>());
            Assert.Equal(HttpStatusCode.OK, works.StatusCode);
        }
        var gid = Answers.ClaimsOf(answers[0]["access_token"]!.GetValue<string>())["gid"]!.GetValue<string>();
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'refresh_replayed' AND detail = $1", gid));
    }

    [Fact]
    [Case(76)]
    public async Task Idle_time_counts_from_the_last_use_and_the_absolute_lifetime_ends_it()
    {
        var (used, idle) = (await host.SignInAsync(), await host.SignInAsync());
        for (var day = 13; day < 90; day += 13)
        {
            await host.Clock.SetAsync(TimeSpan.FromDays(day));
            Assert.Equal(used, await host.RefreshedAsync(used));
            if (day == 13)
                await host.RefreshedAsync(idle);
        }
        await host.RefreshAsync(idle).RefusedAsync("invalid_grant");
        await host.Clock.SetAsync(TimeSpan.FromDays(90) + Minute);
        await host.RefreshAsync(used).RefusedAsync("invalid_grant");
    }

    [Fact]
    [Case(77)]
    [Case(82)]
    public async Task What_ends_the_grant_ends_the_token_that_stays()
    {
        var admin = await host.Client.AdminTokenAsync();
        var tokens = new List<string> { await host.SignInAsync(), await host.SignInAsync(), await host.SignInAsync() };
        var answers = new List<string>();
        foreach (var token in tokens)
            answers.Add((await host.RefreshAsync(token, 1).GrantedAsync())["access_token"]!.GetValue<string>());

        using var logout = await host.Nodes[0].Client.CallAsync(HttpMethod.Delete, "/users/logout", answers[0]);
        var subject = Answers.ClaimsOf(answers[1])["sub"]!.GetValue<string>();
        using var disabled = await host.Nodes[0].Client.CallAsync(HttpMethod.Patch, $"/users/{subject}/status", admin, new { status = false });
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (logout.StatusCode, disabled.StatusCode));
        await host.ExecuteAsync("UPDATE grants SET ended_at = identity_now() WHERE id = $1", Guid.ParseExact(Answers.ClaimsOf(answers[2])["gid"]!.GetValue<string>(), "N"));
        for (var node = 0; node < 2; node++)
        {
            foreach (var token in tokens)
                await host.RefreshAsync(token, node).RefusedAsync("invalid_grant");
        }
    }

    [Fact]
    [Case("R4")]
    public async Task Switched_to_none_a_lost_answer_is_still_repeated_and_the_newest_token_stays()
    {
        await host.SwitchAsync("rolling");
        var first = await host.SignInAsync();
        var second = await host.RefreshedAsync(first);
        Assert.NotEqual(first, second);

        await host.SwitchAsync("none");
        Assert.Equal(second, await host.RefreshedAsync(first, 1));
        Assert.Equal(second, await host.RefreshedAsync(second));
        await host.Clock.SetAsync(TimeSpan.FromDays(10));
        Assert.Equal(second, await host.RefreshedAsync(second));
    }

    /// <summary>Each use of the newest moves the time that graces count from; no older token may have a grace by that.</summary>
    [Theory]
    [Case(71)]
    [InlineData(0, false)]
    [InlineData(0, true)]
    [InlineData(120, false)]
    [InlineData(120, true)]
    public async Task Switched_to_none_the_predecessor_of_a_used_token_is_a_replay_and_so_it_is_when_switched_back(int seconds, bool back)
    {
        await host.SwitchAsync("rolling");
        var first = await host.SignInAsync();
        var second = await host.RefreshedAsync(first);
        await host.SwitchAsync("none");
        await host.Clock.SetAsync(TimeSpan.FromSeconds(seconds));
        Assert.Equal(second, await host.RefreshedAsync(second));
        if (back)
            await host.SwitchAsync("rolling");

        await host.RefreshAsync(first, 1).RefusedAsync("invalid_grant");
        await host.RefreshAsync(second).RefusedAsync("invalid_grant");
    }

    [Fact]
    [Case(70)]
    [Case(71)]
    public async Task Switched_to_rolling_the_token_rolls_from_its_next_use_on()
    {
        var first = await host.SignInAsync();
        Assert.Equal(first, await host.RefreshedAsync(first));
        await host.SwitchAsync("rolling");
        await host.Clock.SetAsync(TimeSpan.FromDays(10));
        var second = await host.RefreshedAsync(first);
        Assert.NotEqual(first, second);
        // The answer may be lost here as anywhere.
        Assert.Equal(second, await host.RefreshedAsync(first, 1));
        var third = await host.RefreshedAsync(second);
        await host.RefreshAsync(first).RefusedAsync("invalid_grant");
        await host.RefreshAsync(third).RefusedAsync("invalid_grant");
    }

    [Fact]
    [Case(74)]
    public async Task Another_client_cannot_use_it_and_it_still_works()
    {
        var token = await host.SignInAsync();
        await host.Client.TokenAsync(("grant_type", "refresh_token"), ("client_id", "demo"), ("refresh_token", token)).RefusedAsync("invalid_grant");
        Assert.Equal(token, await host.RefreshedAsync(token));
    }
}
