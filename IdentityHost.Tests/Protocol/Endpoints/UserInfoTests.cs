using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using IdentityHost.Protocol;
using IdentityHost.Protocol.Tokens;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Endpoints;

/// <summary>OpenID Connect Core §5.3 and §5.4: who is told what about a person.</summary>
[Collection(UserInfoHost.Name)]
public sealed class UserInfoTests(UserInfoHost host)
{
    [Theory]
    [Case(88)]
    [InlineData("openid", "sub")]
    [InlineData("openid profile", "sub name preferred_username updated_at")]
    [InlineData("openid email", "sub email email_verified")]
    [InlineData("openid phone", "sub phone_number phone_number_verified")]
    [InlineData("openid address", "sub address")]
    [InlineData("openid roles users:self", "sub roles")]
    public async Task Claims_are_those_of_the_scopes_that_were_granted(string scope, string members)
    {
        var person = await host.SignInAsync(scope);
        foreach (var node in host.Nodes)
        {
            var told = await person.AskAsync(node.Client);
            Assert.Equal(members.Split(' ').Order(), told.Select(m => m.Key).Order());
            Assert.Equal(person.Id.ToString(CultureInfo.InvariantCulture), told["sub"]!.GetValue<string>());
        }
    }

    [Fact]
    public async Task Claims_say_what_the_account_says_now()
    {
        var person = await host.SignInAsync("openid profile email phone address roles");
        var told = await person.AskAsync(host.Client);
        Assert.Equal("Budi Santoso", told["name"]!.GetValue<string>());
        Assert.Equal(person.Username, told["preferred_username"]!.GetValue<string>());
        Assert.Equal($"{person.Username}@example.com", told["email"]!.GetValue<string>());
        Assert.True(told["email_verified"]!.GetValue<bool>());
        Assert.Equal("+62 21 555 1234", told["phone_number"]!.GetValue<string>());
        Assert.False(told["phone_number_verified"]!.GetValue<bool>());
        Assert.Equal("""{"formatted":"Jalan Merdeka 1\nJakarta"}""", told["address"]!.ToJsonString());
        Assert.Equal("""["USER"]""", told["roles"]!.ToJsonString());
        Assert.Equal(
            await host.ScalarAsync<long>("SELECT floor(extract(epoch FROM updated_at))::bigint FROM users WHERE id = $1", person.Id), told["updated_at"]!.GetValue<long>());

        await host.ExecuteAsync("UPDATE users SET name = NULL, phone_number = NULL, address = NULL, email = NULL, normalized_email = NULL WHERE id = $1", person.Id);
        Assert.Equal(["preferred_username", "roles", "sub", "updated_at"], (await person.AskAsync(host.Client)).Select(m => m.Key).Order());
    }

    [Theory]
    [Case(88)]
    [InlineData("DELETE FROM users WHERE id = $1")]
    [InlineData("UPDATE users SET status = false WHERE id = $1")]
    public async Task Nobody_is_told_of_who_is_gone(string sql)
    {
        var person = await host.SignInAsync("openid profile");
        await person.AskAsync(host.Client);
        await host.ExecuteAsync(sql, person.Id);
        foreach (var node in host.Nodes)
        {
            using var refused = await node.Client.GetAsync(UserInfoHost.Path, person.Token);
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
            Assert.Contains("error=\"invalid_token\"", refused.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
        }
    }

    /// <summary>§5.5: by name, and only what the application may have and the person has agreed to.</summary>
    [Fact]
    [Case(88)]
    public async Task Claims_asked_for_by_name_are_told_where_the_person_agreed_to_their_scope()
    {
        const string Claims = """{"userinfo":{"email":null,"name":{"essential":true},"sub":{"value":"1"},"shoe_size":null},"id_token":{"email_verified":null}}""";
        var shy = await host.SignInAsync("openid", "shy");
        var info = await host.SignInAsync("openid", "info");
        foreach (var person in new[] { shy, info })
        {
            await host.ExecuteAsync("UPDATE grants SET claims = $2 WHERE user_id = $1", person.Id, Claims);
            Assert.Equal(["sub"], (await person.AskAsync(host.Client)).Select(m => m.Key));
            await AgreeAsync(person, "openid email profile");
        }
        // The application may not have the profile, whatever was agreed to.
        Assert.Equal(["email", "sub"], (await shy.AskAsync(host.Client)).Select(m => m.Key).Order());
        var told = await info.AskAsync(host.Client);
        Assert.Equal(["email", "name", "sub"], told.Select(m => m.Key).Order());
        Assert.Equal(info.Id.ToString(CultureInfo.InvariantCulture), told["sub"]!.GetValue<string>());
        await AgreeAsync(info, "openid profile");
        Assert.Equal(["name", "sub"], (await info.AskAsync(host.Client)).Select(m => m.Key).Order());

        foreach (var broken in new[] { "", "[]", "{", """{"userinfo":[]}""", """{"userinfo":null}""", "null" })
        {
            await host.ExecuteAsync("UPDATE grants SET claims = $2 WHERE user_id = $1", info.Id, broken);
            Assert.Equal(["sub"], (await info.AskAsync(host.Client)).Select(m => m.Key));
        }
    }

    [Fact]
    public async Task Nobody_is_asked_about_the_operators_own_applications()
    {
        var person = await host.SignInAsync("openid", "own");
        await host.ExecuteAsync("UPDATE grants SET claims = $2 WHERE user_id = $1", person.Id, """{"userinfo":{"email":null,"name":null}}""");
        Assert.Equal(["email", "sub"], (await person.AskAsync(host.Client)).Select(m => m.Key).Order());
    }

    /// <summary>§5.5, the other place.</summary>
    [Fact]
    [Case(88)]
    public async Task Id_token_tells_what_was_asked_for_there_and_no_more()
    {
        const string Claims = """{"id_token":{"email":null,"name":null},"userinfo":{"email_verified":null}}""";
        var person = await host.SignInAsync("openid", "shy");
        Assert.False(Answers.ClaimsOf(person.IdToken).ContainsKey("email"));
        Assert.False((await IdTokenAsync(person, Claims)).ContainsKey("email"));
        await AgreeAsync(person, "openid email profile");
        var claims = await IdTokenAsync(person, Claims);
        Assert.Equal($"{person.Username}@example.com", claims["email"]!.GetValue<string>());
        Assert.False(claims.ContainsKey("name"));
        Assert.False(claims.ContainsKey("email_verified"));
        Assert.False((await IdTokenAsync(person, null)).ContainsKey("email"));
    }

    async Task<JsonObject> IdTokenAsync(Informed person, string? claims)
    {
        var node = host.Nodes[0];
        var client = (await node.Service<global::IdentityHost.Protocol.Clients.Applications>().FindAsync("shy", default))!.Client;
        var now = new DateTimeOffset(await host.ScalarAsync<DateTime>("SELECT identity_now()"));
        var subject = new Subject(person.Id, 0, default, Guid.CreateVersion7(), now.AddHours(1), now, "pwd");
        var content = new IdTokenContent(client, subject, person.Token, Nonce: null, GrantedAt: null) { Claims = claims };
        return Answers.ClaimsOf(await node.Service<IdTokens>().IssueAsync(content, default));
    }

    Task<int> AgreeAsync(Informed person, string scope) => host.ExecuteAsync(
        """
        INSERT INTO consents (user_id, application_id, scope) SELECT user_id, application_id, $2 FROM grants WHERE user_id = $1
        ON CONFLICT (user_id, application_id) DO UPDATE SET scope = $2
        """,
        person.Id,
        scope);

    [Fact]
    public async Task Answer_is_signed_for_an_application_that_registered_so()
    {
        await host.ChangeApplicationAsync("signed", "userinfo_signed_response_alg = 'ES256'");
        var person = await host.SignInAsync("openid email", "signed");
        using var response = await host.Client.GetAsync(UserInfoHost.Path, person.Token);
        Assert.Equal("application/jwt", response.Content.Headers.ContentType!.ToString());
        var jwt = await response.Content.ReadAsStringAsync();
        var claims = Answers.ClaimsOf(jwt);
        Assert.Equal(["aud", "email", "email_verified", "iss", "sub"], claims.Select(c => c.Key).Order());
        Assert.Equal((HostFixture.Issuer, "signed"), (claims["iss"]!.GetValue<string>(), claims["aud"]!.GetValue<string>()));
        Assert.True(await IsSignedAsync(jwt));
        // It is no access token, whatever it says.
        using var refused = await host.Client.GetAsync(UserInfoHost.Path, jwt);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
    }

    /// <summary>By the published key that the header names.</summary>
    async Task<bool> IsSignedAsync(string jwt)
    {
        var segments = jwt.Split('.');
        var header = JsonNode.Parse(Base64Url.DecodeFromChars(segments[0]))!.AsObject();
        Assert.Equal(("ES256", "JWT"), (header["alg"]!.GetValue<string>(), header["typ"]!.GetValue<string>()));
        using var response = await host.Client.GetAsync("/.well-known/jwks");
        var jwk = (await response.JsonAsync())["keys"]!.AsArray().Single(k => k!["kid"]!.GetValue<string>() == header["kid"]!.GetValue<string>())!;
        using var key = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = Base64Url.DecodeFromChars(jwk["x"]!.GetValue<string>()), Y = Base64Url.DecodeFromChars(jwk["y"]!.GetValue<string>()) },
        });
        return key.VerifyData(Encoding.ASCII.GetBytes($"{segments[0]}.{segments[1]}"), Base64Url.DecodeFromChars(segments[2]), HashAlgorithmName.SHA256);
    }

    /// <summary>§5.3.2: the same sub as in the ID token, or the application must not believe either.</summary>
    [Fact]
    public async Task Pairwise_subject_is_that_of_the_id_token_and_not_the_id()
    {
        await host.ChangeApplicationAsync("pairwise", "sector_identifier = 'sector.example'");
        var person = await host.SignInAsync("openid", "pairwise");
        var sub = (await person.AskAsync(host.Client))["sub"]!.GetValue<string>();
        Assert.Equal(Answers.ClaimsOf(person.IdToken)["sub"]!.GetValue<string>(), sub);
        Assert.Equal(43, sub.Length);
    }

    /// <summary>What the grant asked for, and the person.</summary>
    [Fact]
    public async Task Costs_two_reads()
    {
        var person = await host.SignInAsync("openid profile");
        foreach (var node in host.Nodes)
        {
            await person.AskAsync(node.Client);
            using var counter = new SqlCounter();
            using var request = new HttpRequestMessage(HttpMethod.Get, UserInfoHost.Path);
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + person.Token);
            request.Headers.TryAddWithoutValidation("traceparent", counter.TraceParent);
            using var response = await node.Client.SendAsync(request);
            await counter.RequestEndedAsync();
            Assert.Equal(["SELECT", "SELECT"], counter.Statements.Select(s => s.Kind));
        }
    }
}
