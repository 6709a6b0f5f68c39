using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.SignIn.Google;

/// <summary>Two nodes behind something that ends TLS.</summary>
public sealed class HttpsHost(TestPostgres postgres) : GoogleHost(postgres)
{
    protected override IEnumerable<KeyValuePair<string, string?>> More => [new("Issuer", "https://id.example.com")];
}

/// <summary>On an https issuer every cookie is one that no other host, path or plain connection can plant or read.</summary>
public sealed class HostCookieTests(HttpsHost host) : IClassFixture<HttpsHost>
{
    [Fact]
    [Case(132)]
    public async Task Every_cookie_is_a_host_cookie()
    {
        var (username, _) = await host.Client.RegisterAsync();
        var tab = new Tab(host);
        var set = new List<string>();
        using (var page = await tab.GetAsync("/sign-in"))
            set.AddRange(Cookies(page));
        using (var signedIn = await tab.SignInAsync(username, BackChannel.Password))
            set.AddRange(Cookies(signedIn));
        Assert.Contains($"Hello, {username}", await tab.TextAsync("/account"), StringComparison.Ordinal);

        var guest = new Tab(host);
        Uri authorize;
        using (var begun = await guest.GetAsync(GoogleSteps.ToPages))
        {
            set.AddRange(Cookies(begun));
            authorize = begun.Headers.Location!;
        }
        using (var back = await guest.GetAsync(host.Choose(authorize, host.NewPerson())))
            set.AddRange(Cookies(back));
        using (var handoff = await guest.GetAsync(GoogleSteps.Begin))
            set.AddRange(Cookies(handoff));

        var names = set.Select(c => c.Split('=')[0]).Distinct(StringComparer.Ordinal).ToList();
        Assert.Contains("__Host-identityhost", names);
        Assert.Contains("__Host-identityhost-form", names);
        Assert.Contains(names, n => n.StartsWith("__Host-identityhost-google", StringComparison.Ordinal));
        foreach (var cookie in set)
        {
            var attributes = cookie.Split(';').Skip(1).Select(a => a.Trim().ToLowerInvariant()).ToList();
            Assert.StartsWith("__Host-", cookie, StringComparison.Ordinal);
            Assert.Contains("path=/", attributes);
            Assert.Contains("secure", attributes);
            Assert.Contains("httponly", attributes);
            Assert.Contains(attributes, a => a is "samesite=lax" or "samesite=strict");
            Assert.DoesNotContain(attributes, a => a.StartsWith("domain", StringComparison.Ordinal));
        }
    }

    static IEnumerable<string> Cookies(HttpResponseMessage answer) => answer.Headers.TryGetValues("Set-Cookie", out var set) ? set : [];
}
