using System.Diagnostics;
using System.Net;
using FakeGoogle;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.SignIn.Google;

/// <summary>Whatever Google does, people come back to the sign-in page with a sentence, and everybody else signs in meanwhile.</summary>
[Collection(SharedGoogle.Name)]
[Case(164)]
[Case("R32")]
public sealed class GoogleFailureTests(GoogleHost host)
{
    [Theory]
    [InlineData(Fault.ServerError)]
    [InlineData(Fault.RefusesCode)]
    [InlineData(Fault.BadJson)]
    [InlineData(Fault.Huge)]
    [InlineData(Fault.Redirects)]
    [InlineData(Fault.Slow)]
    public async Task Failure_of_Google_is_a_sentence_on_our_page(Fault fault)
    {
        var tab = new Tab(host);
        var person = host.NewPerson(p => p with { Fault = fault });
        var started = Stopwatch.GetTimestamp();
        var pending = host.SignInAsync(tab, person);
        var (username, _) = await host.Client.RegisterAsync();
        for (var i = 0; i < 4; i++)
            await host.Client.AccessTokenAsync(username);
        if (fault == Fault.Slow)
            Assert.False(pending.IsCompleted);
        var location = await pending;
        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalSeconds, 0, 20);
        Assert.Equal("/sign-in?problem=google_unavailable&return_to=%2Faccount", location);
        var page = await tab.TextAsync(location);
        Assert.Contains("Google cannot be reached just now", page, StringComparison.Ordinal);
        Assert.Contains("name=\"password\"", page, StringComparison.Ordinal);
        Assert.Equal(0, await host.LinkedToAsync(person));
        Assert.Equal(0, host.Google.Requests("/elsewhere"));
    }

    [Theory]
    [InlineData(GoogleSteps.ToPages, "/sign-in?problem=google_cancelled&return_to=%2Faccount")]
    [InlineData(GoogleSteps.Begin, "/sign-in?problem=google_cancelled")]
    public async Task Cancelled_consent_is_no_error(string begin, string expected)
    {
        var tab = new Tab(host);
        var location = await host.SignInAsync(tab, person: null, begin);
        Assert.Equal(expected, location);
        Assert.Contains("You did not finish at Google", await tab.TextAsync(location), StringComparison.Ordinal);
        Assert.Contains("Anda tidak menyelesaikannya", await tab.TextAsync(location + "&ui_locales=id"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("server_error")]
    [InlineData("temporarily_unavailable")]
    [InlineData("<script>alert(1)</script>")]
    public async Task Error_in_place_of_a_code_is_a_sentence(string error)
    {
        var tab = new Tab(host);
        var state = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery((await tab.AuthorizeAsync()).Query)["state"];
        var location = await tab.LocationAsync($"/users/auth/google/callback?error={Uri.EscapeDataString(error)}&state={Uri.EscapeDataString(state!)}");
        Assert.StartsWith("/sign-in?problem=google_unavailable", location, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("google_nonsense")]
    [InlineData("<script>")]
    [InlineData("SignInWrong")]
    public async Task Nobody_elses_words_get_onto_the_page(string problem) => Assert.DoesNotContain(
        "role=\"alert\"", await new Tab(host).TextAsync("/sign-in?problem=" + Uri.EscapeDataString(problem)), StringComparison.Ordinal);
}

/// <summary>Its keys change, and Google goes away altogether: a host of its own, since others would notice.</summary>
public sealed class GoogleAwayTests(GoogleHost host) : IClassFixture<GoogleHost>
{
    [Fact]
    [Case(156)]
    [Case(164)]
    public async Task New_keys_are_read_once_a_minute_and_its_end_is_a_sentence()
    {
        Assert.Equal("/account", await host.SignInAsync(new Tab(host), host.NewPerson()));
        Assert.Equal("/account", await host.SignInAsync(new Tab(host), host.NewPerson()));
        var read = host.Google.Requests("/oauth2/v3/certs");
        Assert.InRange(read, 1, 2);

        // Whoever invents names of keys does not make us knock at Google each time.
        for (var i = 0; i < 6; i++)
            Assert.StartsWith("/sign-in?problem=google_failed", await host.SignInAsync(new Tab(host), host.NewPerson(p => p with { Header = h => h["kid"] = BackChannel.NewName() })), StringComparison.Ordinal);
        Assert.InRange(host.Google.Requests("/oauth2/v3/certs"), read, 2);
        host.Google.RotateKey();
        try
        {
            await host.Clock.SetAsync(TimeSpan.FromMinutes(2));
            for (var i = 0; i < 4; i++)
                Assert.Equal("/account", await host.SignInAsync(new Tab(host), host.NewPerson(p => p with { Claims = c => c["iat"] = DateTimeOffset.UtcNow.AddMinutes(2).ToUnixTimeSeconds() })));
            Assert.InRange(host.Google.Requests("/oauth2/v3/certs"), read + 1, 4);
        }
        finally
        {
            await host.Clock.SetAsync(TimeSpan.Zero);
        }

        var tab = new Tab(host);
        var callback = host.Choose(await tab.AuthorizeAsync(), host.NewPerson());
        await host.Google.DisposeAsync();
        Assert.Equal("/sign-in?problem=google_unavailable&return_to=%2Faccount", await tab.LocationAsync(callback));
        var (username, _) = await host.Client.RegisterAsync();
        using var signedIn = await tab.SignInAsync(username, BackChannel.Password);
        Assert.Equal((HttpStatusCode.SeeOther, "/account"), (signedIn.StatusCode, signedIn.Headers.Location!.ToString()));
    }
}
