using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.Protocol.Authorize;
using IdentityHost.Tests.Protocol.Clients;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Conformance;

/// <summary>
/// The suite's part: an application that sends people here, takes what comes back apart and believes nothing. What every module asserts on the way
/// is asserted here.
/// </summary>
/// <param name="Host">The host.</param>
/// <param name="ClientId">The application.</param>
/// <param name="Secret">Its secret.</param>
/// <param name="RedirectUri">Where it wants the answer.</param>
/// <param name="ResponseMode">How it wants it; null for the default.</param>
/// <param name="Method"><c>client_secret_basic</c>, <c>client_secret_post</c> or <c>private_key_jwt</c>.</param>
public sealed record ConformanceClient(
    ConformanceHost Host, string ClientId, string Secret, string RedirectUri, string? ResponseMode = null, string Method = "client_secret_basic")
{
    /// <summary>What signs its assertions (<c>private_key_jwt</c>).</summary>
    public AssertionKey? Key { get; init; }

    const string UserInfo = "/connect/userinfo";

    readonly RelyingParty _party = new(Host, ClientId, Secret, RedirectUri);

    public string State { get; private set; } = "";

    public string? Nonce { get; private set; }

    public static ConformanceClient Declared(ConformanceHost host, string id, string? responseMode = null) =>
        new(host, id, ConformanceHost.Secret, ConformanceHost.Callback, responseMode, id == ConformanceHost.Posting ? "client_secret_post" : "client_secret_basic");

    /// <summary>Registers (OpenID Connect Dynamic Client Registration), with some members set, and uses the first redirect URI.</summary>
    public static async Task<ConformanceClient> RegisteredAsync(ConformanceHost host, string? responseMode, params (string Name, JsonNode? Value)[] members)
    {
        using var answer = await RegisterAsync(host, members);
        var told = await answer.JsonAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.Created, $"{(int)answer.StatusCode} {told.ToJsonString()}");
        Assert.Equal("application/json", answer.Content.Headers.ContentType!.MediaType);
        var method = Text(told, "token_endpoint_auth_method");
        var hasSecret = told.ContainsKey("client_secret");
        Assert.Equal(method != "private_key_jwt", hasSecret);
        // Required beside a secret (§3.2).
        if (hasSecret)
            Assert.Equal(JsonValueKind.Number, told["client_secret_expires_at"]!.GetValueKind());
        return new ConformanceClient(
            host, Text(told, "client_id"), hasSecret ? Text(told, "client_secret") : "", told["redirect_uris"]![0]!.GetValue<string>(), responseMode, method);
    }

    /// <summary>Registers with a key of its own, as the plan with <c>private_key_jwt</c> does.</summary>
    public static async Task<ConformanceClient> WithKeyAsync(ConformanceHost host, params (string Name, JsonNode? Value)[] members)
    {
        var key = new AssertionKey("RS256");
        var client = await RegisteredAsync(host, null, [("token_endpoint_auth_method", "private_key_jwt"), ("jwks", AssertionKey.Set(key)), .. members]);
        return client with { Key = key };
    }

    public static async Task<HttpResponseMessage> RegisterAsync(ConformanceHost host, params (string Name, JsonNode? Value)[] members)
    {
        var metadata = HostTokens.Set(
            new JsonObject
            {
                ["client_name"] = "The suite's client",
                ["grant_types"] = new JsonArray("authorization_code"),
                ["response_types"] = new JsonArray("code"),
                ["redirect_uris"] = new JsonArray(ConformanceHost.Callback),
                ["token_endpoint_auth_method"] = "client_secret_basic",
                ["contacts"] = new JsonArray("certification@example.com"),
            },
            members);
        using var request = new HttpRequestMessage(HttpMethod.Post, await Metadata.PathAsync(host, "registration_endpoint")) { Content = JsonContent.Create(metadata) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", ConformanceHost.InitialToken);
        return await host.Client.SendAsync(request);
    }

    /// <summary>The parameters of a request without PKCE; a change with a null value takes one away.</summary>
    public IList<(string Name, string Value)> Parameters(params (string Name, string? Value)[] changes)
    {
        var parameters = _party.Parameters([("code_challenge", null), ("code_challenge_method", null), ("response_mode", ResponseMode), .. changes]);
        State = parameters.FirstOrDefault(p => p.Name == "state").Value;
        Nonce = parameters.FirstOrDefault(p => p.Name == "nonce").Value;
        return parameters;
    }

    public string Address(params (string Name, string? Value)[] changes) => AddressOf(Parameters(changes));

    public static string AddressOf(IEnumerable<(string Name, string Value)> parameters) =>
        "/connect/authorize?" + string.Join('&', parameters.Select(p => $"{p.Name}={Uri.EscapeDataString(p.Value)}"));

    /// <summary>A code, as the answer of a request must hold it.</summary>
    public string CodeOf(Arrival arrival)
    {
        Arrived(arrival);
        Assert.False(arrival.Members.ContainsKey("error"), string.Join(' ', arrival.Members));
        return arrival.Members["code"];
    }

    /// <summary>An error of the authorization endpoint in the answer (OpenID Connect Core §3.1.2.6): at the right address, with state, and nothing that is not foreseen.</summary>
    public void RefusedWith(Arrival arrival, params string[] errors)
    {
        Arrived(arrival);
        Assert.Contains(arrival.Members["error"], errors);
        Assert.All(arrival.Members.Keys.Except(Uri.UnescapeDataString(new Uri(RedirectUri).Query).TrimStart('?').Split('&').Select(p => p.Split('=')[0])),
            name => Assert.Contains(name, (string[])["error", "error_description", "error_uri", "state", "iss"]));
        Assert.All(arrival.Members["error_description"], c => Assert.True(c is ' ' or '!' or (>= '#' and <= '[') or (>= ']' and <= '~'), $"{(int)c}"));
    }

    /// <summary>The whole way: the person is sent here, and the code is traded.</summary>
    public async Task<Granted> FlowAsync(Person person, params (string Name, string? Value)[] changes) =>
        await TradeAsync(CodeOf(await person.OpenAsync(Address(changes))));

    /// <summary>Trades a code for tokens, and checks them.</summary>
    public async Task<Granted> TradeAsync(string code, params (string Name, string Value)[] more)
    {
        using var answer = await RedeemAsync(code, more);
        return await IdTokenCheck.GrantedAsync(this, answer, Nonce);
    }

    public Task<HttpResponseMessage> RedeemAsync(string code, params (string Name, string Value)[] more) =>
        TokenAsync([("grant_type", "authorization_code"), ("code", code), ("redirect_uri", RedirectUri), .. more]);

    /// <summary>A token request with the application's own way to prove itself.</summary>
    public Task<HttpResponseMessage> TokenAsync(params (string Name, string Value)[] form) => Method switch
    {
        "client_secret_post" => Host.Client.TokenAsync([.. form, ("client_id", ClientId), ("client_secret", Secret)]),
        "private_key_jwt" => Host.Client.AssertedAsync(Key!.Assertion(ClientId), form),
        _ => Host.Client.BasicAsync($"{ClientId}:{Secret}", form),
    };

    /// <summary>What userinfo says of the token's person: who must be the ID token's (§5.3.2).</summary>
    public async Task<JsonObject> UserInfoAsync(Granted granted)
    {
        using var answer = await Host.Client.GetAsync(UserInfo, granted.AccessToken);
        return await ToldAsync(granted, answer);
    }

    public static async Task<JsonObject> ToldAsync(Granted granted, HttpResponseMessage answer)
    {
        var told = await answer.JsonAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{(int)answer.StatusCode} {told.ToJsonString()}");
        Assert.Equal("application/json", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal(Text(granted.Claims, "sub"), Text(told, "sub"));
        ClaimTypes.Valid(told);
        return told;
    }

    static string Text(JsonObject json, string name) => json[name]!.GetValue<string>();

    void Arrived(Arrival arrival)
    {
        Assert.True(arrival.Callback is not null, $"{arrival.Path}: {(int)arrival.Status} {arrival.Page}");
        Assert.Equal(ResponseMode == "form_post", arrival.ByPost);
        var expected = new Uri(RedirectUri);
        Assert.Equal(expected.GetLeftPart(UriPartial.Path), arrival.Callback.GetLeftPart(UriPartial.Path));
        Assert.StartsWith(expected.Query, arrival.Callback.Query, StringComparison.Ordinal);
        if (arrival.ByPost)
            Assert.Equal(expected, arrival.Callback);
        Assert.Equal(State, arrival.Members.GetValueOrDefault("state"));
        Assert.Equal(HostFixture.Issuer, arrival.Members["iss"]);
        Assert.Equal(arrival.Members.ContainsKey("error"), !arrival.Members.ContainsKey("code"));
    }
}
