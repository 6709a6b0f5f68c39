using System.Net;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Authorize;

/// <summary>The question whether an application may: who is asked what, and what an answer counts for.</summary>
[Collection(AuthorizeHost.Name)]
public sealed class ConsentTests(AuthorizeHost host)
{
    readonly RelyingParty _app = new(host, AuthorizeHost.Web);

    [Fact]
    [Case(4)]
    public async Task What_the_form_says_beside_the_answer_counts_for_nothing()
    {
        var (tab, _, id) = await _app.PersonAsync();
        var (page, request) = await tab.AskedAsync(_app.Address(("scope", "openid")));
        (string, string)[] wider =
        [
            ("id", request), ("scope", "openid users:self users:manage"), ("redirect_uri", "https://evil.example/cb"), ("response_type", "token"), ("client_id", AuthorizeHost.Own),
            ("state", "evil"), ("prompt", "none"), ("response_mode", "fragment"), ("code_challenge", ""), ("nonce", "evil"),
        ];
        using var allowed = await tab.PostAsync("/consent?handler=Allow&scope=users:self&redirect_uri=https%3A%2F%2Fevil.example", page, wider);
        Assert.Equal($"/connect/authorize/{request}", allowed.Headers.Location!.OriginalString);
        Assert.Equal("openid", await host.ScalarAsync<string>("SELECT scope FROM consents WHERE user_id = $1", id));
        // Nor does anything on the way back.
        using var answer = await tab.GetAsync($"/connect/authorize/{request}?scope=openid%20users:self&redirect_uri=https%3A%2F%2Fevil.example&response_mode=fragment&state=evil&client_id=own");
        Assert.StartsWith(AuthorizeHost.Callback + "?code=", answer.Headers.Location!.OriginalString, StringComparison.Ordinal);
        var members = RelyingParty.Members(answer.Headers.Location);
        Assert.Equal(_app.State, members["state"]);
        var tokens = await _app.RedeemAsync(host.Client, members["code"]).GrantedAsync();
        Assert.Equal("openid", tokens["scope"]!.GetValue<string>());
        Assert.Equal(_app.Nonce, RelyingParty.Claims(tokens["id_token"]!.GetValue<string>())["nonce"]!.GetValue<string>());
    }

    [Fact]
    [Case(22)]
    public async Task A_form_that_is_posted_again_gives_no_second_code()
    {
        var (tab, _, id) = await _app.PersonAsync();
        var (page, request) = await tab.AskedAsync(_app.Address());
        var token = await tab.FormTokenAsync(page);
        var codes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => AllowAsync(tab.Copy(), request, token)));
        var code = Assert.Single(codes.Distinct(StringComparer.Ordinal));
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM authorization_codes WHERE user_id = $1", id));
        await _app.RedeemAsync(host.Client, code!).GrantedAsync();
        // Once it is used there is none any more.
        Assert.Null(await AllowAsync(tab, request, token));
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM authorization_codes WHERE user_id = $1", id));
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM grants WHERE user_id = $1", id));
    }

    /// <summary>The answer is written while the person's row is being deleted: nothing is kept of it, and nothing breaks.</summary>
    [Fact]
    public async Task An_answer_of_somebody_who_is_deleted_at_that_moment_is_not_kept()
    {
        var (tab, _, id) = await _app.PersonAsync();
        var (page, request) = await tab.AskedAsync(_app.Address());
        var token = await tab.FormTokenAsync(page);
        await using var source = Npgsql.NpgsqlDataSource.Create(host.ConnectionString);
        await using var connection = await source.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using (var delete = new Npgsql.NpgsqlCommand("DELETE FROM users WHERE id = $1", connection, transaction) { Parameters = { new() { Value = id } } })
            Assert.Equal(1, await delete.ExecuteNonQueryAsync(TestContext.Current.CancellationToken));
        var allowing = tab.SendAsync(HttpMethod.Post, "/consent?handler=Allow", [("id", request), ("__RequestVerificationToken", token)]);
        await Eventually.TrueAsync(
            async () => await host.ScalarAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%INTO consents%'") > 0,
            TimeSpan.FromSeconds(20));
        await transaction.CommitAsync(TestContext.Current.CancellationToken);
        using var allowed = await allowing;
        Assert.Equal(HttpStatusCode.SeeOther, allowed.StatusCode);
        using var answer = await tab.GetAsync(allowed.Headers.Location!.OriginalString);
        Assert.StartsWith("/sign-in?", answer.Headers.Location!.OriginalString, StringComparison.Ordinal);
    }

    [Fact]
    [Case(22)]
    public async Task A_form_that_is_posted_late_gives_no_second_code_either()
    {
        var (tab, _, id) = await _app.PersonAsync();
        var (page, request) = await tab.AskedAsync(_app.Address());
        var token = await tab.FormTokenAsync(page);
        Assert.NotNull(await AllowAsync(tab, request, token));
        await host.Clock.SetAsync(TimeSpan.FromSeconds(11));
        try
        {
            Assert.Null(await AllowAsync(tab, request, token));
            Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM authorization_codes WHERE user_id = $1", id));
        }
        finally
        {
            await host.Clock.SetAsync(TimeSpan.Zero);
        }
    }

    [Fact]
    public async Task Whoever_says_no_is_taken_back_with_it_and_asked_again_next_time()
    {
        var (tab, _, id) = await _app.PersonAsync();
        var (page, request) = await tab.AskedAsync(_app.Address());
        using var denied = await tab.PostAsync("/consent?handler=Deny", page, ("id", request));
        using var answer = await tab.GetAsync(denied.Headers.Location!.OriginalString);
        AuthorizeAnswers.IsError(answer, "access_denied", _app.State);
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM consents WHERE user_id = $1", id));
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM authorization_codes WHERE user_id = $1", id));
        await tab.AskedAsync(_app.Address());
    }

    [Fact]
    [Case(128)]
    public async Task Without_its_token_or_with_another_persons_the_form_is_refused()
    {
        var (tab, _, id) = await _app.PersonAsync();
        var (other, _, _) = await _app.PersonAsync();
        var (_, request) = await tab.AskedAsync(_app.Address());
        var (otherPage, _) = await other.AskedAsync(_app.Address());
        foreach (var token in new[] { "", "x", await other.FormTokenAsync(otherPage) })
        {
            using var refused = await tab.Copy().SendAsync(HttpMethod.Post, "/consent?handler=Allow", [("id", request), ("__RequestVerificationToken", token)]);
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        }
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM consents WHERE user_id = $1", id));
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("00000000000000000000000000000000")]
    [InlineData("' or 1=1 --")]
    public async Task An_id_of_nothing_is_refused(string id)
    {
        var (tab, _, _) = await _app.PersonAsync();
        var (page, _) = await tab.AskedAsync(_app.Address());
        var rows = await host.RowsAsync();
        foreach (var path in new[] { $"/consent?id={Uri.EscapeDataString(id)}", $"/connect/authorize/{Uri.EscapeDataString(id)}x", $"/connect/authorize/{Uri.EscapeDataString(id)}/cancel" })
        {
            using var answer = await tab.GetAsync(path);
            Assert.True((int)answer.StatusCode is 303 or 400 or 404, $"{path}: {(int)answer.StatusCode}");
            if (answer.Headers.Location is { } location)
            {
                using var next = await tab.GetAsync(location.OriginalString);
                await AuthorizeAnswers.IsErrorPageAsync(next, path);
            }
        }
        foreach (var handler in new[] { "Allow", "Deny", "Nothing", "" })
        {
            using var posted = await tab.PostAsync($"/consent?handler={handler}", page, ("id", id));
            Assert.True((int)posted.StatusCode is 303 or 400, $"{(int)posted.StatusCode}");
        }
        Assert.Equal(rows, await host.RowsAsync());
    }

    /// <summary>Posts the form and goes on: the code, or null where there is none.</summary>
    static async Task<string?> AllowAsync(Tab tab, string request, string token)
    {
        using var allowed = await tab.SendAsync(HttpMethod.Post, "/consent?handler=Allow", [("id", request), ("__RequestVerificationToken", token)]);
        Assert.Equal(HttpStatusCode.SeeOther, allowed.StatusCode);
        using var answer = await tab.GetAsync(allowed.Headers.Location!.OriginalString);
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        return RelyingParty.Members(new Uri(answer.Headers.Location!.OriginalString)).GetValueOrDefault("code");
    }
}
