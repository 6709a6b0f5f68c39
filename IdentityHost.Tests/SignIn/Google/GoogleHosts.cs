using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.SignIn.Google;

/// <summary>The settings by which one organisation lets its own people in, and nobody else.</summary>
public sealed class DomainGoogleHost(TestPostgres postgres) : GoogleHost(postgres)
{
    protected override IEnumerable<KeyValuePair<string, string?>> More =>
        [new("Google:HostedDomains:0", "school.example"), new("Google:HostedDomains:1", "Uni.Example")];
}

/// <summary>Nobody may register.</summary>
public sealed class ClosedGoogleHost(TestPostgres postgres) : GoogleHost(postgres)
{
    protected override IEnumerable<KeyValuePair<string, string?>> More => [new("Users:SelfRegistration", "false")];
}

/// <summary>Who of Google's people may come in at all.</summary>
public sealed class DomainTests(DomainGoogleHost host) : IClassFixture<DomainGoogleHost>
{
    [Theory]
    [InlineData("school.example", true)]
    [InlineData("SCHOOL.example", true)]
    [InlineData("uni.example", true)]
    [InlineData("other.example", false)]
    [InlineData("school.example.evil.example", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public async Task Only_the_claim_counts(string? domain, bool allowed)
    {
        // The address alone proves nothing.
        var person = host.NewPerson(p => p with { Email = $"{BackChannel.NewName()}@school.example", HostedDomain = domain });
        var location = await host.SignInAsync(new Tab(host), person);
        Assert.Equal(allowed ? "/account" : "/sign-in?problem=google_domain&return_to=%2Faccount", location);
        Assert.Equal(allowed, await host.LinkedToAsync(person) != 0);
    }

    [Fact]
    public async Task Somebody_known_who_left_the_organisation_is_refused()
    {
        var person = host.NewPerson(p => p with { HostedDomain = "school.example" });
        Assert.Equal("/account", await host.SignInAsync(new Tab(host), person));
        host.Google.Add(person with { HostedDomain = null });
        Assert.StartsWith("/sign-in?problem=google_domain", await host.SignInAsync(new Tab(host), person), StringComparison.Ordinal);
    }
}

/// <summary>Signing in with Google is no way around a closed registration.</summary>
public sealed class ClosedRegistrationTests(ClosedGoogleHost host) : IClassFixture<ClosedGoogleHost>
{
    [Fact]
    public async Task Nobody_new_gets_in()
    {
        var person = host.NewPerson();
        Assert.StartsWith("/sign-in?problem=google_closed", await host.SignInAsync(new Tab(host), person), StringComparison.Ordinal);
        Assert.Equal(0, await host.UserOfAsync(person.Email!));
    }
}
