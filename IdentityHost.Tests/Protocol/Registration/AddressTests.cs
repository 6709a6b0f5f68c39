using System.Net;
using System.Text.Json.Nodes;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Registration;

/// <summary>Addresses in metadata: what leads inside, what is another's, and what is fetched.</summary>
[Collection(RegistrationHost.Name)]
public sealed class AddressTests(RegistrationHost host)
{
    [Theory]
    [Case(107)]
    [InlineData("logo_uri", "https://evil-app.example.com/logo.png")]
    [InlineData("logo_uri", "https://app.example.com.evil.example/logo.png")]
    [InlineData("logo_uri", "https://169.254.169.254/latest/meta-data")]
    [InlineData("logo_uri", "http://app.example.com/logo.png")]
    [InlineData("logo_uri", "javascript:alert(1)")]
    [InlineData("logo_uri#id", "https://other.example/logo.png")]
    [InlineData("client_uri", "https://example.com/")]
    [InlineData("policy_uri", "https://other.example/policy")]
    [InlineData("tos_uri", "data:text/html,x")]
    [InlineData("backchannel_logout_uri", "http://app.example.com/logout")]
    [InlineData("backchannel_logout_uri", "https://10.0.0.1/logout")]
    [InlineData("backchannel_logout_uri", "https://[fd00::1]/logout")]
    [InlineData("backchannel_logout_uri", "https://169.254.169.254/logout")]
    [InlineData("backchannel_logout_uri", "https://0x0a000001/logout")]
    [InlineData("backchannel_logout_uri", "https://app.example.com/logout#x")]
    [InlineData("sector_identifier_uri", "https://192.168.1.1/sector.json")]
    [InlineData("sector_identifier_uri", "http://app.example.com/sector.json")]
    [InlineData("sector_identifier_uri", "file:///etc/passwd")]
    [InlineData("sector_identifier_uri", "https://no-such-host.invalid/sector.json")]
    public async Task Address_inside_or_of_another_is_refused(string name, string uri)
    {
        foreach (var token in new[] { null, RegistrationHost.InitialToken })
            await host.Client.PostAsync(Registering.Metadata((name, uri)), token).RefusedAsync("invalid_client_metadata");
    }

    [Fact]
    [Case(107)]
    public async Task Pages_for_people_are_kept_and_never_fetched()
    {
        await using var site = await JsonSite.StartAsync();
        var client = await host.Client.RegisteredAsync(
            null,
            ("redirect_uris", new JsonArray($"{site.Address}/cb")),
            ("logo_uri", $"{site.Address}/logo"),
            ("policy_uri", $"{site.Address}/policy"),
            ("backchannel_logout_uri", $"{site.Address}/logout"),
            ("jwks_uri", $"{site.Address}/jwks"));
        Assert.Equal($"{site.Address}/logo", client.Told["logo_uri"]!.GetValue<string>());
        using (await host.Client.ManageAsync(HttpMethod.Put, client, client.Metadata()))
        using (await host.Client.ManageAsync(HttpMethod.Get, client))
            Assert.Equal(0, site.Requests);
    }

    [Fact]
    public async Task Sector_document_that_lists_every_redirect_uri_makes_the_sector()
    {
        await using var site = await JsonSite.StartAsync("""["https://a.example/cb","https://b.example/cb","https://c.example/cb"]""");
        var client = await host.Client.RegisteredAsync(
            null,
            ("redirect_uris", new JsonArray("https://a.example/cb", "https://b.example/cb")),
            ("subject_type", "pairwise"),
            ("sector_identifier_uri", $"{site.Address}/sector"));
        Assert.Equal("pairwise", client.Told["subject_type"]!.GetValue<string>());
        Assert.Equal("127.0.0.1", await host.ScalarAsync<string>("SELECT sector_identifier FROM applications WHERE client_id = $1", client.ClientId));
        Assert.Equal(1, site.Requests);
    }

    [Theory]
    [Case(107)]
    [InlineData("""["https://a.example/cb"]""")]
    [InlineData("""["https://a.example/cb/","https://b.example/cb"]""")]
    [InlineData("""{"a":"https://a.example/cb","b":"https://b.example/cb"}""")]
    [InlineData("""["https://a.example/cb","https://b.example/cb" """)]
    [InlineData("<html>")]
    [InlineData("")]
    public async Task Sector_document_that_does_not_vouch_is_refused(string document)
    {
        await using var site = await JsonSite.StartAsync(document);
        foreach (var subject in new[] { "pairwise", "public" })
        {
            await host.Client.PostAsync(Registering.Metadata(
                ("redirect_uris", new JsonArray("https://a.example/cb", "https://b.example/cb")), ("subject_type", subject), ("sector_identifier_uri", $"{site.Address}/sector")))
                .RefusedAsync("invalid_client_metadata");
        }
    }

    /// <summary>A zone id may be as long as an address; the column may not.</summary>
    [Fact]
    public async Task Host_with_an_endless_zone_is_no_sector()
    {
        var uri = $"https://[fe80::1%25{new string('a', 400)}]/cb";
        using var answer = await host.Client.PostAsync(Registering.Metadata(("redirect_uris", new JsonArray(uri)), ("subject_type", "pairwise")));
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task One_host_is_its_own_sector()
    {
        var client = await host.Client.RegisteredAsync(
            null, ("redirect_uris", new JsonArray("https://app.example.com/a", "https://app.example.com/b")), ("subject_type", "pairwise"));
        Assert.Equal("app.example.com", await host.ScalarAsync<string>("SELECT sector_identifier FROM applications WHERE client_id = $1", client.ClientId));
    }
}

/// <summary>Outside Development this machine is inside too.</summary>
public sealed class StrictRegistrationHost(TestPostgres postgres) : HostFixture(postgres)
{
    protected override int NodeCount => 1;

    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
        [new("Registration:Open", "true"), new("Egress:AllowLoopback", "false")];
}

public sealed class StrictAddressTests(StrictRegistrationHost host) : IClassFixture<StrictRegistrationHost>
{
    [Theory]
    [Case(107)]
    [InlineData("backchannel_logout_uri", "https://localhost/logout")]
    [InlineData("backchannel_logout_uri", "https://127.0.0.1/logout")]
    [InlineData("backchannel_logout_uri", "https://[::1]/logout")]
    [InlineData("sector_identifier_uri", "https://id.localhost/sector")]
    [InlineData("sector_identifier_uri", "https://127.0.0.1/sector")]
    public Task Addresses_of_this_machine_are_refused(string name, string uri) =>
        host.Client.PostAsync(Registering.Metadata((name, uri))).RefusedAsync(HttpStatusCode.BadRequest, "invalid_client_metadata");
}
