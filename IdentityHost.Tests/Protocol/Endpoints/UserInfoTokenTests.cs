using System.Net;
using System.Text.Json.Nodes;
using IdentityHost.Protocol.Keys;
using IdentityHost.ResourceServer;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Endpoints;

/// <summary>RFC 6750 §2 and §3 at the userinfo endpoint: how a token is sent, and how one is refused.</summary>
[Collection(UserInfoHost.Name)]
public sealed class UserInfoTokenTests(UserInfoHost host)
{
    [Theory]
    [Case(87)]
    [InlineData("GET")]
    [InlineData("POST")]
    public async Task Without_a_token_no_error_is_named(string method)
    {
        foreach (var node in host.Nodes)
        {
            foreach (var header in new[] { null, "Basic ZGVtbzpkZW1v", "eyJhbGciOiJub25lIn0.e30." })
            {
                using var refused = await SendAsync(node, method, UserInfoHost.Path, header);
                Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
                Assert.Equal($"Bearer realm=\"{HostFixture.Issuer}\"", refused.Headers.WwwAuthenticate.ToString());
                Assert.Empty(await refused.Content.ReadAsStringAsync());
            }
        }
    }

    [Fact]
    [Case(87)]
    public async Task Bad_tokens_are_invalid_tokens()
    {
        var person = await host.SignInAsync("openid profile");
        var key = host.Nodes[0].Service<SigningKeys>().Signing([AccessTokenKey.Es256])!;
        var right = new HostTokens(key, person.Token);
        var expired = right.WithClaims(("iat", right.Payload()["iat"]!.GetValue<long>() - 700), ("exp", right.Payload()["iat"]!.GetValue<long>() - 100));
        var elsewhere = right.WithClaims(("aud", "https://api.example.com"));
        string[] bad = ["", "x", "a.b.c", expired, elsewhere, person.IdToken, person.Token[..^4] + "AAAA", HostTokens.SignForeign(right.Header().ToJsonString(), right.Payload().ToJsonString())];
        foreach (var node in host.Nodes)
        {
            foreach (var token in bad)
            {
                await InvalidAsync(SendAsync(node, "GET", UserInfoHost.Path, "Bearer " + token));
                if (token.Length > 0)
                    await InvalidAsync(SendAsync(node, "POST", UserInfoHost.Path, null, ("access_token", token)));
            }
            using var good = await SendAsync(node, "GET", UserInfoHost.Path, "Bearer " + right.WithClaims(("aud", new JsonArray("https://api.example.com", HostFixture.Issuer))));
            Assert.Equal(HttpStatusCode.OK, good.StatusCode);
        }
    }

    [Fact]
    [Case(87)]
    public async Task Revoked_token_is_an_invalid_token_in_header_and_body()
    {
        var person = await host.SignInAsync("openid");
        using (var revoked = await host.Client.PostAsync("/connect/revoke", new FormUrlEncodedContent([new("client_id", "info"), new("token", person.Token)])))
            Assert.Equal(HttpStatusCode.OK, revoked.StatusCode);
        await host.FeedReadAsync();
        foreach (var node in host.Nodes)
        {
            await InvalidAsync(SendAsync(node, "GET", UserInfoHost.Path, "Bearer " + person.Token));
            await InvalidAsync(SendAsync(node, "POST", UserInfoHost.Path, null, ("access_token", person.Token)));
        }
    }

    [Fact]
    [Case(87)]
    public async Task Token_goes_in_the_header_or_in_the_form_and_nowhere_else()
    {
        var person = await host.SignInAsync("openid");
        foreach (var node in host.Nodes)
        {
            foreach (var method in new[] { "GET", "POST" })
            {
                using var header = await SendAsync(node, method, UserInfoHost.Path, "bearer " + person.Token);
                Assert.Equal(HttpStatusCode.OK, header.StatusCode);
                await RefusedAsync(SendAsync(node, method, $"{UserInfoHost.Path}?access_token={person.Token}", null), HttpStatusCode.BadRequest, "invalid_request");
                await RefusedAsync(
                    SendAsync(node, method, $"{UserInfoHost.Path}?access_token={person.Token}", "Bearer " + person.Token), HttpStatusCode.BadRequest, "invalid_request");
            }
            using var form = await SendAsync(node, "POST", UserInfoHost.Path, null, ("access_token", person.Token));
            Assert.Equal(HttpStatusCode.OK, form.StatusCode);
            await RefusedAsync(
                SendAsync(node, "POST", UserInfoHost.Path, "Bearer " + person.Token, ("access_token", person.Token)), HttpStatusCode.BadRequest, "invalid_request");
            await RefusedAsync(
                SendAsync(node, "POST", UserInfoHost.Path, null, ("access_token", person.Token), ("access_token", person.Token)), HttpStatusCode.BadRequest, "invalid_request");
            // A form on a GET is nobody's form.
            using var get = await SendAsync(node, "GET", UserInfoHost.Path, null, ("access_token", person.Token));
            Assert.Equal(HttpStatusCode.Unauthorized, get.StatusCode);
        }
    }

    [Fact]
    [Case(87)]
    public async Task Without_openid_or_without_a_person_the_scope_is_insufficient()
    {
        var person = await host.SignInAsync("profile email");
        var service = await host.Client.BasicAsync($"robot:{UserInfoHost.Secret}", ("grant_type", "client_credentials")).GrantedAsync();
        foreach (var node in host.Nodes)
        {
            foreach (var token in new[] { person.Token, service["access_token"]!.GetValue<string>() })
            {
                using var refused = await SendAsync(node, "GET", UserInfoHost.Path, "Bearer " + token);
                Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
                var challenge = refused.Headers.WwwAuthenticate.ToString();
                Assert.Contains("error=\"insufficient_scope\"", challenge, StringComparison.Ordinal);
                Assert.Contains("scope=\"openid\"", challenge, StringComparison.Ordinal);
                Assert.Equal(["error", "error_description"], (await refused.JsonAsync()).Select(m => m.Key));
            }
        }
    }

    static Task InvalidAsync(Task<HttpResponseMessage> request) => RefusedAsync(request, HttpStatusCode.Unauthorized, "invalid_token");

    static async Task RefusedAsync(Task<HttpResponseMessage> request, HttpStatusCode status, string error)
    {
        using var response = await request;
        Assert.Equal($"Bearer realm=\"{HostFixture.Issuer}\", error=\"{error}\"", response.Headers.WwwAuthenticate.ToString().Split(", error_description")[0]);
        await Task.FromResult(response).RefusedAsync(status, error);
    }

    static Task<HttpResponseMessage> SendAsync(HostNode node, string method, string path, string? authorization, params (string Name, string Value)[] form)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (authorization is not null)
            Assert.True(request.Headers.TryAddWithoutValidation("Authorization", authorization));
        if (form.Length > 0)
            request.Content = new FormUrlEncodedContent(form.Select(f => new KeyValuePair<string, string>(f.Name, f.Value)));
        return node.Client.SendAsync(request);
    }
}
