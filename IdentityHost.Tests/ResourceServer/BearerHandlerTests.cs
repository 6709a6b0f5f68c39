using static IdentityHost.Tests.ResourceServer.TokenWriter;

namespace IdentityHost.Tests.ResourceServer;

/// <summary>How an API on the library reads a token and what it answers (RFC 6750 §2.1, §3).</summary>
public sealed class BearerHandlerTests : IAsyncLifetime
{
    const string Realm = $"Bearer realm=\"{TokenWriter.Issuer}\"";

    BearerApi _api = null!;

    string Good => _api.Writer.Es256();

    public async ValueTask InitializeAsync() => _api = await BearerApi.StartAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task A_good_token_gets_in()
    {
        foreach (var scheme in new[] { "Bearer ", "bearer ", "BEARER ", "Bearer    " })
        {
            var (status, challenge, text) = await _api.GetAsync("/me", $"Authorization: {scheme}{Good}  ");
            Assert.Equal((200, (string?)null), (status, challenge));
            Assert.EndsWith("42", text.TrimEnd('0', '\r', '\n'), StringComparison.Ordinal);
        }
        Assert.Contains("42 True", (await _api.GetAsync("/name", $"Authorization: Bearer {Good}")).Text, StringComparison.Ordinal);
        Assert.Equal(200, (await _api.GetAsync("/orders", $"Authorization: Bearer {Good}")).Status);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("Authorization:")]
    [InlineData("Authorization: Basic ZGVtbzo=")]
    [InlineData("Authorization: Bearerx y")]
    [InlineData("Authorization: DPoP x")]
    public async Task Without_a_token_the_challenge_has_no_error(string? header)
    {
        var (status, challenge, text) = await _api.GetAsync("/me", header is null ? [] : [header]);
        Assert.Equal((401, Realm), (status, challenge));
        Assert.Contains("Cache-Control: no-store", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_in_query_or_bare_is_not_read()
    {
        Assert.Equal((401, Realm), Short(await _api.GetAsync($"/me?access_token={Good}")));
        Assert.Equal((401, Realm), Short(await _api.GetAsync("/me", $"Authorization: {Good}")));
    }

    [Fact]
    public async Task What_is_not_one_good_token_is_invalid()
    {
        string[][] requests =
        [
            [$"Authorization: Bearer {Good}", $"Authorization: Bearer {Good}"],
            ["Authorization: Basic ZGVtbzo=", $"Authorization: Bearer {Good}"],
            [$"Authorization: Bearer {Good}, Bearer {Good}"],
            [$"Authorization: Bearer {Good},{Good}"],
            [$"Authorization: Bearer {Good} {Good}"],
            [$"Authorization: Bearer \"{Good}\""],
            ["Authorization: Bearer"],
            ["Authorization: Bearer  "],
            ["Authorization: Bearer x"],
            [$"Authorization: Bearer \t{Good}"],
            [$"Authorization: Bearer {_api.Writer.Es256(Header(("alg", "\"none\"")))}"],
        ];
        foreach (var headers in requests)
        {
            var (status, challenge, _) = await _api.GetAsync("/me", headers);
            Assert.Equal((401, $"{Realm}, error=\"invalid_token\", error_description=\"The token is not valid here\""), (status, challenge));
        }
    }

    [Fact]
    public async Task Expired_and_revoked_are_told_apart()
    {
        var expired = _api.Writer.Es256(payload: Payload(("exp", $"{Now}")));
        var revoked = _api.Writer.Es256(payload: Payload(("jti", "\"revoked\"")));
        Assert.Equal((401, $"{Realm}, error=\"invalid_token\", error_description=\"The token has expired\""), Short(await _api.GetAsync("/me", $"Authorization: Bearer {expired}")));
        Assert.Equal((401, $"{Realm}, error=\"invalid_token\", error_description=\"The token has been revoked\""), Short(await _api.GetAsync("/me", $"Authorization: Bearer {revoked}")));
    }

    [Fact]
    public async Task Not_knowing_whether_it_was_revoked_lets_nobody_in()
    {
        var token = _api.Writer.Es256(payload: Payload(("jti", "\"unknown\"")));
        var (status, _, text) = await _api.GetAsync("/me", $"Authorization: Bearer {token}");
        Assert.Equal(500, status);
        Assert.DoesNotContain("stale", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/invoices")]
    [InlineData("/named")]
    public async Task A_missing_scope_is_named(string path)
    {
        Assert.Equal((403, $"{Realm}, error=\"insufficient_scope\", scope=\"invoices\""), Short(await _api.GetAsync(path, $"Authorization: Bearer {Good}")));
        Assert.Equal((401, Realm), Short(await _api.GetAsync(path)));
    }

    [Fact]
    public async Task A_missing_role_is_no_missing_scope() =>
        Assert.Equal((403, null), Short(await _api.GetAsync("/clerks", $"Authorization: Bearer {Good}")));

    [Fact]
    public async Task A_challenge_by_hand_says_the_same()
    {
        Assert.Equal((401, Realm), Short(await _api.GetAsync("/asked")));
        Assert.Contains("not valid here", (await _api.GetAsync("/asked", "Authorization: Bearer x")).Challenge, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bare_token_is_read_where_that_was_asked_for()
    {
        await using var old = await BearerApi.StartAsync(bearer => bearer.AcceptBareToken = true);
        Assert.Equal(200, (await old.GetAsync("/me", $"Authorization: {old.Writer.Es256()}")).Status);
        Assert.Equal(200, (await old.GetAsync("/me", $"Authorization: Bearer {old.Writer.Es256()}")).Status);
        Assert.Equal((401, Realm), Short(await old.GetAsync("/me", $"Authorization: Token {old.Writer.Es256()}")));
        Assert.Contains("not valid here", (await old.GetAsync("/me", "Authorization: Bearer")).Challenge, StringComparison.Ordinal);
        Assert.Contains("not valid here", (await old.GetAsync("/me", $"Authorization: {old.Writer.Es256()},x")).Challenge, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_api_writes_its_own_bodies()
    {
        await using var api = await BearerApi.StartAsync(bearer =>
        {
            bearer.WriteChallenge = challenge => challenge.HttpContext.Response.Body.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"<{challenge.Failure}>")).AsTask();
            bearer.WriteForbidden = challenge => challenge.HttpContext.Response.Body.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"<{challenge.Failure} {challenge.RequiredScope}>")).AsTask();
        });
        Assert.Contains("<None>", (await api.GetAsync("/me")).Text, StringComparison.Ordinal);
        Assert.Contains("<Invalid>", (await api.GetAsync("/me", "Authorization: Bearer x")).Text, StringComparison.Ordinal);
        Assert.Contains("<InsufficientScope invoices>", (await api.GetAsync("/invoices", $"Authorization: Bearer {api.Writer.Es256()}")).Text, StringComparison.Ordinal);
        Assert.Contains("<Forbidden >", (await api.GetAsync("/clerks", $"Authorization: Bearer {api.Writer.Es256()}")).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("id.example.com")]
    [InlineData("https://id.example.com/\"")]
    public async Task A_wrong_authority_stops_the_start(string authority) =>
        await Assert.ThrowsAnyAsync<ArgumentException>(() => BearerApi.StartAsync(bearer => bearer.Authority = authority));

    [Fact]
    public async Task A_leeway_that_is_too_long_stops_the_start() =>
        await Assert.ThrowsAnyAsync<ArgumentException>(() => BearerApi.StartAsync(bearer => bearer.ClockSkew = TimeSpan.FromMinutes(5)));

    static (int Status, string? Challenge) Short((int Status, string? Challenge, string Text) answer) => (answer.Status, answer.Challenge);
}
