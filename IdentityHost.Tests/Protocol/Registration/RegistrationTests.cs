using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Registration;

/// <summary>RFC 7591: who may register, and as what.</summary>
[Collection(RegistrationHost.Name)]
public sealed class RegistrationTests(RegistrationHost host)
{
    [Fact]
    public async Task Stranger_is_registered_and_told_what_holds_but_nobody_vouches_for_it()
    {
        var client = await host.Client.RegisteredAsync(
            null,
            ("client_name", "An application"),
            ("client_name#id", "Sebuah aplikasi"),
            ("contacts", new JsonArray("ops@example.com")),
            ("logo_uri", "https://app.example.com/logo.png"),
            ("grant_types", new JsonArray("authorization_code", "refresh_token")),
            ("post_logout_redirect_uris", new JsonArray("https://app.example.com/bye")),
            ("backchannel_logout_uri", "https://app.example.com/logout"),
            ("default_max_age", 600),
            ("unheard_of", "x"));
        Assert.StartsWith("dyn_", client.ClientId, StringComparison.Ordinal);
        Assert.Equal(43, client.Secret.Length);
        Assert.Equal(0, client.Told["client_secret_expires_at"]!.GetValue<int>());
        Assert.Equal($"{HostFixture.Issuer}/connect/register/{client.ClientId}", client.Told["registration_client_uri"]!.GetValue<string>());
        Assert.Equal("openid profile email phone address offline_access", client.Told["scope"]!.GetValue<string>());
        Assert.Equal(["authorization_code", "refresh_token"], client.Told.Texts("grant_types"));
        Assert.Equal(["code"], client.Told.Texts("response_types"));
        Assert.Equal(("Sebuah aplikasi", 600, "RS256"), (
            client.Told["client_name#id"]!.GetValue<string>(), client.Told["default_max_age"]!.GetValue<int>(), client.Told["id_token_signed_response_alg"]!.GetValue<string>()));
        Assert.False(client.Told.ContainsKey("unheard_of"));
        Assert.Equal(
            "An application untrusted t client_secret_basic https://app.example.com/logout {https://app.example.com/bye}",
            await host.ScalarAsync<string>(
                "SELECT concat_ws(' ', display_name, consent, require_pkce, token_endpoint_auth_method, backchannel_logout_uri, post_logout_redirect_uris) FROM applications WHERE client_id = $1",
                client.ClientId));
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'application_registered' AND client_id = $1", client.ClientId));
        // Its secret is its proof from now on, on every node: what is refused is the grant.
        foreach (var node in host.Nodes)
        {
            await node.Client.BasicAsync($"{client.ClientId}:{client.Secret}", ("grant_type", "client_credentials")).RefusedAsync("unauthorized_client");
            await node.Client.BasicAsync($"{client.ClientId}:{client.Secret}x", ("grant_type", "client_credentials")).RefusedAsync(HttpStatusCode.Unauthorized, "invalid_client");
        }
    }

    [Theory]
    [InlineData(RegistrationHost.InitialToken)]
    [InlineData(RegistrationHost.OlderToken)]
    public async Task Initial_access_token_makes_an_application_that_people_are_asked_about_once_and_that_may_act_for_itself(string token)
    {
        var client = await host.Client.RegisteredAsync(token, ("grant_types", new JsonArray("client_credentials")), ("redirect_uris", null));
        Assert.Equal("explicit", await host.ScalarAsync<string>("SELECT consent FROM applications WHERE client_id = $1", client.ClientId));
        foreach (var node in host.Nodes)
            await node.Client.BasicAsync($"{client.ClientId}:{client.Secret}", ("grant_type", "client_credentials")).GrantedAsync();
    }

    [Fact]
    public async Task Neither_secret_nor_token_is_in_the_database()
    {
        var client = await host.Client.RegisteredAsync();
        foreach (var secret in new[] { client.Secret, client.Token })
        {
            Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM applications a WHERE a::text LIKE '%' || $1 || '%'", secret));
            Assert.DoesNotContain(host.Nodes, node => node.Log.Lines.Any(line => line.Contains(secret, StringComparison.Ordinal)));
        }
    }

    [Fact]
    [Case(104)]
    public async Task Wrong_initial_token_is_refused_even_where_none_is_needed()
    {
        foreach (var node in host.Nodes)
        {
            foreach (var token in new[] { "wrong", RegistrationHost.InitialToken + "x", $"{RegistrationHost.InitialToken} {RegistrationHost.OlderToken}", RegistrationHost.InitialToken[..^1] })
                await node.Client.PostAsync(Registering.Metadata(), token).UnauthorizedAsync("invalid_token");
        }
    }

    [Fact]
    [Case(105)]
    public async Task What_a_stranger_may_not_have_is_left_out()
    {
        var client = await host.Client.RegisteredAsync(
            null,
            ("client_id", "demo"),
            ("client_secret", "chosen-by-a-stranger-0123456789-0123456789"),
            ("grant_types", new JsonArray("authorization_code", "password", "client_credentials", "implicit", "urn:ietf:params:oauth:grant-type:token-exchange")),
            ("response_types", new JsonArray("code", "token", "id_token")),
            ("scope", "openid users:manage roles users:self"),
            ("consent", "implicit"),
            ("skip_consent", true),
            ("require_pkce", false),
            ("enabled", true),
            ("declared", true),
            ("audiences", new JsonArray(HostFixture.Issuer)),
            ("allowed_origins", new JsonArray("https://evil.example")),
            ("request_uris", new JsonArray("https://evil.example/request")),
            ("request_object_signing_alg", "none"),
            ("software_statement", "eyJhbGciOiJub25lIn0.e30."),
            ("jwks_uri", "http://169.254.169.254/latest/meta-data"));
        Assert.StartsWith("dyn_", client.ClientId, StringComparison.Ordinal);
        Assert.NotEqual("chosen-by-a-stranger-0123456789-0123456789", client.Secret);
        Assert.Equal(["authorization_code"], client.Told.Texts("grant_types"));
        Assert.Equal(["code"], client.Told.Texts("response_types"));
        Assert.Equal("openid users:self", client.Told["scope"]!.GetValue<string>());
        foreach (var ignored in new[] { "consent", "skip_consent", "request_uris", "request_object_signing_alg", "jwks_uri", "audiences", "software_statement" })
            Assert.False(client.Told.ContainsKey(ignored), ignored);
        Assert.Equal(
            "{authorization_code} {openid,users:self} {} {} untrusted t f",
            await host.ScalarAsync<string>(
                "SELECT concat_ws(' ', grant_types, scopes, audiences, allowed_origins, consent, require_pkce, declared) FROM applications WHERE client_id = $1", client.ClientId));
    }

    [Theory]
    [Case(105)]
    [InlineData("""{"grant_types":["password"]}""")]
    [InlineData("""{"grant_types":["client_credentials"]}""")]
    [InlineData("""{"grant_types":[]}""")]
    [InlineData("""{"grant_types":"authorization_code"}""")]
    [InlineData("""{"response_types":["token"]}""")]
    [InlineData("""{"scope":"users:manage"}""")]
    [InlineData("""{"scope":7}""")]
    [InlineData("""{"token_endpoint_auth_method":"private_key_jwt"}""")]
    [InlineData("""{"application_type":"desktop"}""")]
    [InlineData("""{"id_token_signed_response_alg":"none"}""")]
    [InlineData("""{"id_token_signed_response_alg":"HS256"}""")]
    [InlineData("""{"userinfo_signed_response_alg":"none"}""")]
    [InlineData("""{"subject_type":"pairwise","redirect_uris":["https://a.example/cb","https://b.example/cb"]}""")]
    [InlineData("""{"subject_type":"private"}""")]
    [InlineData("""{"default_max_age":-1}""")]
    [InlineData("""{"default_max_age":1.5}""")]
    [InlineData("""{"require_auth_time":1}""")]
    [InlineData("""{"client_name":["x"]}""")]
    [InlineData("""{"client_name":"a\u202eb"}""")]
    [InlineData("""{"client_name":"a\nb"}""")]
    [InlineData("""{"client_name#<b>":"x"}""")]
    [InlineData("""{"contacts":"ops@example.com"}""")]
    [InlineData("""{"post_logout_redirect_uris":["javascript:alert(1)"]}""")]
    [InlineData("""{"jwks":{"keys":[{"kty":"oct","k":"AAAA"}]}}""")]
    [InlineData("""{"jwks":{"keys":[{"kty":"EC","d":"AAAA"}]}}""")]
    [InlineData("""{"jwks":{"keys":{}}}""")]
    [InlineData("""{"jwks":{"keys":[]},"jwks_uri":"https://app.example.com/keys"}""")]
    public async Task What_cannot_be_is_refused(string members)
    {
        var before = await host.ScalarAsync<long>("SELECT count(*) FROM applications");
        var metadata = Registering.Metadata([.. JsonNode.Parse(members)!.AsObject().Select(m => (m.Key, m.Value?.DeepClone()))]);
        await host.Client.PostAsync(metadata).RefusedAsync("invalid_client_metadata");
        Assert.Equal(before, await host.ScalarAsync<long>("SELECT count(*) FROM applications"));
    }

    [Fact]
    [Case(105)]
    public async Task Ten_thousand_redirect_uris_are_refused_and_so_are_21()
    {
        JsonArray Uris(int count) => [.. Enumerable.Range(0, count).Select(i => (JsonNode)$"https://a.example/{i}")];
        await host.Client.PostAsync(Registering.Metadata(("redirect_uris", Uris(10_000)))).RefusedAsync(HttpStatusCode.RequestEntityTooLarge, "invalid_client_metadata");
        await host.Client.PostAsync(Registering.Metadata(("redirect_uris", Uris(21)))).RefusedAsync("invalid_client_metadata");
        await host.Client.RegisteredAsync(null, ("redirect_uris", Uris(20)));
    }

    [Theory]
    [Case(33)]
    [Case(34)]
    [InlineData("https://app.example.com/cb#fragment")]
    [InlineData("https://app.example.com/cb#")]
    [InlineData("https://app.example.com/\t//evil.example")]
    [InlineData("https://app.example.com/\n")]
    [InlineData("https://app.example.com\\@evil.example/")]
    [InlineData("/\t//evil.example")]
    [InlineData("//evil.example/cb")]
    [InlineData("/cb")]
    [InlineData("https://user@app.example.com/cb")]
    [InlineData("https://app.example.com/a/../b")]
    [InlineData("https://*.example.com/cb")]
    [InlineData("https://app.example.com/*")]
    [InlineData("javascript:alert(1)")]
    [InlineData("JavaScript:alert(1)//.")]
    [InlineData("data:text/html,x")]
    [InlineData("http://app.example.com/cb")]
    [InlineData("http://127.0.0.1.evil.example/cb")]
    [InlineData("myapp:/cb")]
    [InlineData("urn:ietf:wg:oauth:2.0:oob")]
    [InlineData("https://")]
    public async Task Address_that_no_answer_may_go_to_is_no_redirect_uri(string uri)
    {
        foreach (var node in host.Nodes)
        {
            await node.Client.PostAsync(Registering.Metadata(("redirect_uris", new JsonArray(uri)))).RefusedAsync("invalid_redirect_uri");
            await node.Client.PostAsync(Registering.Metadata(("redirect_uris", new JsonArray(Registering.Callback, uri))), RegistrationHost.InitialToken).RefusedAsync("invalid_redirect_uri");
        }
    }

    [Theory]
    [InlineData("https://app.example.com/cb?a=b")]
    [InlineData("http://127.0.0.1:4711/cb")]
    [InlineData("http://[::1]/cb")]
    [InlineData("http://localhost:3000/cb")]
    [InlineData("com.example.app:/cb")]
    public async Task Address_of_every_usual_kind_is_one(string uri) =>
        Assert.Equal([uri], (await host.Client.RegisteredAsync(null, ("redirect_uris", new JsonArray(uri)))).Told.Texts("redirect_uris"));

    [Fact]
    public async Task Without_redirect_uris_there_is_no_code_flow()
    {
        await host.Client.PostAsync(Registering.Metadata(("redirect_uris", null))).RefusedAsync("invalid_redirect_uri");
        await host.Client.PostAsync(Registering.Metadata(("redirect_uris", new JsonArray()))).RefusedAsync("invalid_redirect_uri");
    }

    [Theory]
    [InlineData("text/plain", "{}")]
    [InlineData("application/x-www-form-urlencoded", "redirect_uris=https://app.example.com/cb")]
    [InlineData("application/json", "")]
    [InlineData("application/json", "[]")]
    [InlineData("application/json", "null")]
    [InlineData("application/json", "{")]
    [InlineData("application/json", """{"redirect_uris":["https://a.example/cb"],"redirect_uris":["https://b.example/cb"]}""")]
    [InlineData("application/json", """{"redirect_uris":["https://a.example/cb"],"client_name":"\ud800"}""")]
    [InlineData("application/json", """{"redirect_uris":["https://a.example/cb"],"client_name":"a\u0000b"}""")]
    [InlineData("application/json", """{"redirect_uris":["https://a.example/cb"],"x":[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}""")]
    public async Task Body_that_is_no_metadata_is_refused(string type, string body)
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        await host.Client.SendAsync(HttpMethod.Post, Registering.Path, content, null).RefusedAsync("invalid_client_metadata");
    }
}

/// <summary>A host that was told nothing about registration.</summary>
[Collection(SharedHost.Name)]
public sealed class ClosedRegistrationTests(HostFixture host)
{
    [Fact]
    [Case(104)]
    public async Task Nobody_registers_and_discovery_does_not_speak_of_it()
    {
        foreach (var node in host.Nodes)
        {
            await node.Client.PostAsync(Registering.Metadata()).UnauthorizedAsync(null);
            await node.Client.PostAsync(Registering.Metadata(), "").UnauthorizedAsync("invalid_token");
            await node.Client.PostAsync(Registering.Metadata(), "guess").UnauthorizedAsync("invalid_token");
            using var discovery = await node.Client.GetAsync("/.well-known/openid-configuration");
            Assert.False((await discovery.JsonAsync()).ContainsKey("registration_endpoint"));
        }
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM applications WHERE registered_at IS NOT NULL"));
    }
}
