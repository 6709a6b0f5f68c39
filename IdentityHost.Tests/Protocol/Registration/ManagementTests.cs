using System.Net;
using System.Text.Json.Nodes;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Registration;

/// <summary>RFC 7592: an application manages its own registration, and nobody else's.</summary>
[Collection(RegistrationHost.Name)]
public sealed class ManagementTests(RegistrationHost host)
{
    static readonly string[] Methods = ["GET", "PUT", "DELETE"];

    [Fact]
    public async Task Registration_is_read_as_it_was_told_without_the_secret()
    {
        var client = await host.Client.RegisteredAsync(null, ("client_name", "Nama \u2014 é"), ("jwks", JsonNode.Parse("""{"keys":[{"kty":"EC","x":"AA"}]}""")));
        foreach (var node in host.Nodes)
        {
            using var response = await node.Client.ManageAsync(HttpMethod.Get, client);
            Assert.Equal((HttpStatusCode.OK, "no-store"), (response.StatusCode, response.Headers.CacheControl?.ToString()));
            var expected = client.Metadata();
            expected.Remove("client_secret");
            expected.Remove("client_secret_expires_at");
            Assert.Equal(expected.ToJsonString(), (await response.JsonAsync()).ToJsonString());
        }
    }

    [Fact]
    [Case(106)]
    public async Task Token_of_one_is_worth_nothing_at_another()
    {
        var (a, b) = (await host.Client.RegisteredAsync(), await host.Client.RegisteredAsync());
        foreach (var node in host.Nodes)
        {
            foreach (var method in Methods.Select(m => new HttpMethod(m)))
            {
                await node.Client.ManageAsync(method, b, Registering.Metadata(("client_id", b.ClientId)), a.Token).UnauthorizedAsync("invalid_token");
                foreach (var token in new[] { "", "x", b.Token + "x", b.Secret, RegistrationHost.InitialToken, await host.Client.AdminTokenAsync() })
                    await node.Client.ManageAsync(method, b, Registering.Metadata(("client_id", b.ClientId)), token).UnauthorizedAsync("invalid_token");
                // Names that nobody has, and those the operator declared.
                foreach (var name in new[] { "demo", "demo-service", "identityhost", "dyn_nobody", new string('a', 500), a.ClientId.ToUpperInvariant() })
                    await node.Client.SendAsync(method, $"{Registering.Path}/{name}", null, a.Token).UnauthorizedAsync("invalid_token");
            }
        }
        using var still = await host.Client.ManageAsync(HttpMethod.Get, b);
        Assert.Equal(HttpStatusCode.OK, still.StatusCode);
    }

    [Fact]
    [Case(106)]
    public async Task Public_client_s_configuration_is_not_shown_without_its_token()
    {
        var client = await host.Client.RegisteredAsync(null, ("token_endpoint_auth_method", "none"));
        Assert.False(client.Told.ContainsKey("client_secret"));
        foreach (var node in host.Nodes)
        {
            foreach (var method in Methods)
                await node.Client.SendAsync(new HttpMethod(method), client.Path, null, null).UnauthorizedAsync(null);
            using var query = await node.Client.GetAsync($"{client.Path}?access_token={client.Token}");
            Assert.Equal(HttpStatusCode.BadRequest, query.StatusCode);
            using var other = await node.Client.SendAsync(HttpMethod.Post, client.Path, null, client.Token);
            Assert.Equal(HttpStatusCode.MethodNotAllowed, other.StatusCode);
        }
    }

    [Fact]
    [Case(106)]
    public async Task Deleted_registration_takes_tokens_grants_and_consents_with_it_on_every_node()
    {
        var client = await host.Client.RegisteredAsync(RegistrationHost.InitialToken, ("grant_types", new JsonArray("authorization_code", "refresh_token", "client_credentials")), ("scope", "users:self openid"));
        // No stranger gets this grant; here it stands for the code flow, which makes the same tokens.
        await host.ChangeApplicationAsync(client.ClientId, "grant_types = grant_types || '{password}'");
        var (username, id) = await host.Client.RegisterAsync();
        var basic = $"{client.ClientId}:{client.Secret}";
        var tokens = await host.Client.BasicAsync(basic, ("grant_type", "password"), ("username", username), ("password", BackChannel.Password)).GrantedAsync();
        await host.ExecuteAsync(
            "INSERT INTO consents (user_id, application_id, scope) SELECT $1, id, 'openid' FROM applications WHERE client_id = $2", id, client.ClientId);
        var answered = host.Nodes[0];
        using (var deleted = await answered.Client.ManageAsync(HttpMethod.Delete, client))
        {
            Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
            Assert.Empty(await deleted.Content.ReadAsByteArrayAsync());
        }
        await host.EventuallyRefusedAsync(tokens["access_token"]!.GetValue<string>(), answered);
        foreach (var node in host.Nodes)
        {
            await node.Client.BasicAsync(basic, ("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"]!.GetValue<string>()))
                .RefusedAsync(HttpStatusCode.Unauthorized, "invalid_client");
            foreach (var method in Methods)
                await node.Client.ManageAsync(new HttpMethod(method), client, Registering.Metadata(("client_id", client.ClientId))).UnauthorizedAsync("invalid_token");
        }
        Assert.Equal(
            "0 live, 0 consents, disabled, 1",
            await host.ScalarAsync<string>(
                """
                SELECT format('%s live, %s consents, %s, %s',
                    (SELECT count(*) FROM grants WHERE application_id = a.id AND ended_at IS NULL), (SELECT count(*) FROM consents WHERE application_id = a.id),
                    CASE WHEN enabled THEN 'enabled' ELSE 'disabled' END, epoch) FROM applications a WHERE client_id = $1
                """,
                client.ClientId));
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'application_unregistered' AND client_id = $1", client.ClientId));
    }

    [Fact]
    public async Task Replaced_metadata_holds_on_every_node_and_what_is_left_out_is_gone()
    {
        var client = await host.Client.RegisteredAsync(null, ("client_name", "Before"), ("grant_types", new JsonArray("authorization_code", "refresh_token")), ("default_max_age", 5));
        foreach (var node in host.Nodes)
            await node.Client.BasicAsync($"{client.ClientId}:{client.Secret}", ("grant_type", "refresh_token"), ("refresh_token", "x")).RefusedAsync("invalid_grant");
        var wish = Registering.Metadata(("client_id", client.ClientId), ("client_secret", client.Secret), ("redirect_uris", new JsonArray("https://app.example.com/new")));
        using (var response = await host.Client.ManageAsync(HttpMethod.Put, client, wish))
        {
            var told = await response.JsonAsync();
            Assert.True(response.StatusCode == HttpStatusCode.OK, told.ToJsonString());
            Assert.Equal(["https://app.example.com/new"], told.Texts("redirect_uris"));
            Assert.False(told.ContainsKey("client_name") || told.ContainsKey("default_max_age") || told.ContainsKey("client_secret"));
            Assert.Equal(client.Token, told["registration_access_token"]!.GetValue<string>());
        }
        await host.FeedReadAsync();
        foreach (var node in host.Nodes)
        {
            // The secret stays; the grant type is gone.
            await node.Client.BasicAsync($"{client.ClientId}:{client.Secret}", ("grant_type", "refresh_token"), ("refresh_token", "x")).RefusedAsync("unauthorized_client");
            Assert.Equal(["https://app.example.com/new"], (await node.Service<global::IdentityHost.Protocol.Clients.Applications>().FindAsync(client.ClientId, default))!.Client.RedirectUris);
        }
    }

    [Theory]
    [Case(105)]
    [InlineData("client_id", "demo", "invalid_client_metadata")]
    [InlineData("client_id", null, "invalid_client_metadata")]
    [InlineData("client_secret", "chosen-by-a-stranger-0123456789-0123456789", "invalid_client_metadata")]
    [InlineData("redirect_uris", null, "invalid_redirect_uri")]
    [InlineData("subject_type", "private", "invalid_client_metadata")]
    public async Task Replacement_is_judged_as_a_registration_is(string name, string? value, string error)
    {
        var client = await host.Client.RegisteredAsync();
        const string State = "SELECT md5(a::text) FROM applications a WHERE client_id = $1";
        var before = await host.ScalarAsync<string>(State, client.ClientId);
        await host.Client.ManageAsync(HttpMethod.Put, client, client.Metadata((name, value))).RefusedAsync(error);
        Assert.Equal(before, await host.ScalarAsync<string>(State, client.ClientId));
    }

    [Fact]
    [Case(105)]
    public async Task Replacement_gives_a_stranger_no_more_than_registration_did()
    {
        var client = await host.Client.RegisteredAsync();
        var wish = client.Metadata(("grant_types", new JsonArray("authorization_code", "password", "client_credentials")), ("scope", "openid users:manage"), ("consent", "implicit"));
        using (var response = await host.Client.ManageAsync(HttpMethod.Put, client, wish))
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(
            "{authorization_code} {openid} untrusted",
            await host.ScalarAsync<string>("SELECT concat_ws(' ', grant_types, scopes, consent) FROM applications WHERE client_id = $1", client.ClientId));
    }

    [Fact]
    public async Task Public_client_that_becomes_confidential_is_given_a_secret_once_and_the_other_way_it_is_gone()
    {
        var client = await host.Client.RegisteredAsync(null, ("token_endpoint_auth_method", "none"));
        using var first = await host.Client.ManageAsync(HttpMethod.Put, client, client.Metadata(("token_endpoint_auth_method", "client_secret_post")));
        var secret = (await first.JsonAsync())["client_secret"]!.GetValue<string>();
        await host.FeedReadAsync();
        foreach (var node in host.Nodes)
            await node.Client.TokenAsync(("grant_type", "client_credentials"), ("client_id", client.ClientId), ("client_secret", secret)).RefusedAsync("unauthorized_client");
        using (var second = await host.Client.ManageAsync(HttpMethod.Put, client, client.Metadata(("token_endpoint_auth_method", "client_secret_basic"))))
            Assert.False((await second.JsonAsync()).ContainsKey("client_secret"));
        using (await host.Client.ManageAsync(HttpMethod.Put, client, client.Metadata(("token_endpoint_auth_method", "none"))))
            Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM applications WHERE client_id = $1 AND secret_hash IS NULL AND require_pkce", client.ClientId));
    }
}
