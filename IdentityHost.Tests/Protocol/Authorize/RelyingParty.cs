using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using IdentityHost.Tests.Support;
using Microsoft.AspNetCore.WebUtilities;

namespace IdentityHost.Tests.Protocol.Authorize;

/// <summary>An application that sends people to the authorization endpoint, and reads what comes back.</summary>
public sealed class RelyingParty(HostFixture host, string clientId, string? secret = AuthorizeHost.Secret, string redirectUri = AuthorizeHost.Callback)
{
    /// <summary>Of the last request.</summary>
    public string Verifier { get; private set; } = "";

    public string State { get; private set; } = "";

    public string Nonce { get; private set; } = "";

    /// <summary>The address of a complete request; a change with a null value takes a parameter away, one that ends in + adds another.</summary>
    public string Address(params (string Name, string? Value)[] changes) => "/connect/authorize?" + Query(changes);

    public string Query(params (string Name, string? Value)[] changes) =>
        string.Join('&', Parameters(changes).Select(p => $"{p.Name}={Uri.EscapeDataString(p.Value)}"));

    public IList<(string Name, string Value)> Parameters(params (string Name, string? Value)[] changes)
    {
        (Verifier, State, Nonce) = (Random(), Random(), Random());
        List<(string Name, string? Value)> parameters =
        [
            ("client_id", clientId), ("response_type", "code"), ("redirect_uri", redirectUri), ("scope", "openid"), ("state", State), ("nonce", Nonce),
            ("code_challenge", Challenge(Verifier)), ("code_challenge_method", "S256"),
        ];
        foreach (var (name, value) in changes)
        {
            if (name.EndsWith('+'))
            {
                parameters.Add((name[..^1], value));
                continue;
            }
            parameters.RemoveAll(p => p.Name == name);
            parameters.Add((name, value));
        }
        return [.. parameters.Where(p => p.Value is not null).Select(p => (p.Name, p.Value!))];
    }

    /// <summary>An application as dynamic registration writes it: nobody vouches for it.</summary>
    public static async Task<RelyingParty> RegisteredAsync(HostFixture host, string name)
    {
        var id = "registered-" + BackChannel.NewName();
        await host.ExecuteAsync(
            """
            INSERT INTO applications (client_id, display_name, token_endpoint_auth_method, grant_types, scopes, redirect_uris, consent, audiences,
                post_logout_redirect_uris, allowed_origins, enabled, epoch, declared, registered_metadata)
            VALUES ($1, $2, 'none', '{authorization_code}', '{openid,users:self}', ARRAY[$3], 'untrusted', '{}', '{}', '{}', true, 0, false, '{}')
            """,
            id,
            name,
            AuthorizeHost.Callback);
        return new RelyingParty(host, id, secret: null);
    }

    /// <summary>A signed-in tab of a new person.</summary>
    public async Task<(Tab Tab, string Username, long Id)> PersonAsync()
    {
        var (username, id) = await host.Client.RegisterAsync();
        var tab = new Tab(host);
        using var answer = await tab.SignInAsync(username, BackChannel.Password);
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        return (tab, username, id);
    }

    /// <summary>Follows the host's own redirects, says yes when asked, and returns where it leads outside.</summary>
    public static async Task<Uri> ArriveAsync(Tab tab, string path)
    {
        for (var step = 0; step < 10; step++)
        {
            using var answer = await tab.GetAsync(path);
            if (answer.StatusCode == HttpStatusCode.OK && path.StartsWith("/consent", StringComparison.Ordinal))
            {
                using var allowed = await tab.PostAsync("/consent?handler=Allow", path, ("id", QueryHelpers.ParseQuery(path.Split('?')[1])["id"].ToString()));
                Assert.Equal(HttpStatusCode.SeeOther, allowed.StatusCode);
                path = allowed.Headers.Location!.OriginalString;
                continue;
            }
            Assert.True(answer.StatusCode == HttpStatusCode.SeeOther, $"{path}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
            var location = answer.Headers.Location!.OriginalString;
            if (!location.StartsWith('/'))
                return new Uri(location);
            path = location;
        }
        throw new InvalidOperationException($"It goes on and on: {path}");
    }

    /// <summary>The members of a response in a query or fragment.</summary>
    public static IReadOnlyDictionary<string, string> Members(Uri address) =>
        QueryHelpers.ParseQuery(address.Fragment.Length > 1 ? address.Fragment[1..] : address.Query).ToDictionary(p => p.Key, p => p.Value.ToString(), StringComparer.Ordinal);

    /// <summary>A code for the person of the tab.</summary>
    public async Task<string> CodeAsync(Tab tab, params (string Name, string? Value)[] changes)
    {
        var members = Members(await ArriveAsync(tab, Address(changes)));
        Assert.True(members.ContainsKey("code"), string.Join(' ', members));
        Assert.Equal(State, members["state"]);
        Assert.Equal(HostFixture.Issuer, members["iss"]);
        return members["code"];
    }

    public Task<HttpResponseMessage> RedeemAsync(HttpClient node, string code, params (string Name, string? Value)[] changes) =>
        node.SendAsync(NewRedemption(code, changes));

    /// <summary>A complete token request for the code of the last authorization request.</summary>
    public HttpRequestMessage NewRedemption(string code, params (string Name, string? Value)[] changes)
    {
        List<(string Name, string? Value)> parameters =
        [
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirectUri), ("code_verifier", Verifier), ("client_id", clientId), ("client_secret", secret),
        ];
        foreach (var (name, value) in changes)
        {
            parameters.RemoveAll(p => p.Name == name);
            parameters.Add((name, value));
        }
        var basic = secret is null ? null : "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{clientId}:{secret}"));
        var request = new HttpRequestMessage(HttpMethod.Post, "/connect/token");
        if (basic is not null && parameters.Exists(p => p.Name == "client_secret" && p.Value == secret))
        {
            parameters.RemoveAll(p => p.Name is "client_secret" or "client_id");
            request.Headers.TryAddWithoutValidation("Authorization", basic);
        }
        request.Content = new FormUrlEncodedContent(parameters.Where(p => p.Value is not null).Select(p => new KeyValuePair<string, string>(p.Name, p.Value!)));
        return request;
    }

    /// <summary>The whole way.</summary>
    public async Task<JsonObject> TokensAsync(Tab tab, params (string Name, string? Value)[] changes)
    {
        using var answer = await RedeemAsync(host.Client, await CodeAsync(tab, changes));
        var body = (await answer.JsonAsync()).AsObject();
        Assert.True(answer.StatusCode == HttpStatusCode.OK, body.ToJsonString());
        return body;
    }

    public static string Challenge(string verifier) => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));

    public static JsonObject Claims(string jwt) => JsonNode.Parse(Base64Url.DecodeFromChars(jwt.Split('.')[1]))!.AsObject();

    static string Random() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
}
