using System.Net;
using IdentityHost.Tests.Support;
using IdentityHost.Tests.Users;

namespace IdentityHost.Tests.Limits;

/// <summary>Two nodes behind a proxy that says whose request it carries, where an address may register and ask for mail a few times only.</summary>
public sealed class AnonymousHost(TestPostgres postgres) : HostFixture(postgres)
{
    public const int Permits = 6;

    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
    [
        new("Proxy:KnownNetworks", "127.0.0.1/32"),
        new("RateLimits:Registration:Permits", "6"),
        new("RateLimits:Mail:Permits", "6"),
    ];
}

/// <summary>What needs no proof is counted by address: registering (which tells who has a name), and mail that is sent to whoever is named.</summary>
public sealed class AnonymousLimitsTests(AnonymousHost host) : IClassFixture<AnonymousHost>
{
    static readonly string[] Doors = ["/users/register", "/auth/register", "/users", "/user", "/api/users", "/api/auth/register"];

    [Fact, Case(134)]
    public async Task Taken_names_can_be_asked_about_only_so_often()
    {
        for (var i = 0; i < AnonymousHost.Permits; i++)
            (await RegisterAsync("203.0.113.1", Doors[i], HostFixture.AdminName)).MustBe(409, "username_taken");
        foreach (var door in Doors)
        {
            foreach (var node in host.Nodes)
            {
                var refused = await RegisterAsync("203.0.113.1", door, HostFixture.AdminName, node);
                refused.MustBe(429, "too_many_requests");
                Assert.InRange(int.Parse(refused.Header("retry-after")!, System.Globalization.CultureInfo.InvariantCulture), 1, 900);
                // A free name gets the same answer: the limit tells nothing.
                (await RegisterAsync("203.0.113.1", door, BackChannel.NewName(), node)).MustBe(429, "too_many_requests");
            }
        }
        // Next door nobody notices.
        (await RegisterAsync("203.0.113.2", "/users/register", BackChannel.NewName())).MustBe(201);
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'address_blocked' AND address = '203.0.113.1'"));
    }

    [Fact]
    public async Task Registrations_at_once_over_both_nodes_are_counted_one_by_one()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => RegisterAsync("203.0.113.3", "/users/register", BackChannel.NewName())));
        Assert.Equal(AnonymousHost.Permits, answers.Count(a => a.Status == 201));
        Assert.All(answers.Where(a => a.Status != 201), a => a.MustBe(429, "too_many_requests"));
    }

    [Fact]
    public async Task What_is_refused_for_its_form_is_not_counted()
    {
        for (var i = 0; i < AnonymousHost.Permits * 2; i++)
            (await RegisterAsync("203.0.113.4", "/users/register", "a b")).MustBe(400, "invalid_username");
        (await RegisterAsync("203.0.113.4", "/users/register", BackChannel.NewName())).MustBe(201);
    }

    [Fact]
    public async Task A_subscriber_of_IPv6_is_one_address()
    {
        for (var i = 0; i < AnonymousHost.Permits; i++)
            (await RegisterAsync($"2001:db8:7:8::{i + 1:x}", "/users/register", BackChannel.NewName())).MustBe(201);
        (await RegisterAsync("2001:db8:7:8:ffff::1", "/users/register", BackChannel.NewName())).MustBe(429, "too_many_requests");
        (await RegisterAsync("2001:db8:7:9::1", "/users/register", BackChannel.NewName())).MustBe(201);
    }

    [Fact]
    public async Task The_page_counts_with_the_API_and_says_so_in_its_own_form()
    {
        using var client = host.At("203.0.113.5");
        for (var i = 0; i < AnonymousHost.Permits - 1; i++)
            (await RegisterAsync("203.0.113.5", "/users/register", BackChannel.NewName())).MustBe(201);
        var (status, _, _) = await PostAsync(client, "/sign-up", Person());
        Assert.Equal(HttpStatusCode.SeeOther, status);
        var refused = await PostAsync(client, "/sign-up", Person());
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.Status);
        Assert.InRange(refused.RetryAfter!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(15));
        Assert.Contains("role=\"alert\"", refused.Text, StringComparison.Ordinal);
        Assert.Contains("Too many attempts", refused.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/forgot-password", 6)]
    [InlineData("/confirm-email/again", 7)]
    public async Task Mail_is_sent_only_so_often_whoever_it_is_for(string page, int last)
    {
        var (_, _, email) = await host.RegisteredAsync($"203.0.113.1{last}");
        using var client = host.At($"203.0.113.{last}");
        // Known and unknown addresses count alike, so the limit tells nobody apart.
        for (var i = 0; i < AnonymousHost.Permits; i++)
            Assert.Equal(HttpStatusCode.SeeOther, (await PostAsync(client, page, ("email", $"nobody{i}@example.com"))).Status);
        var before = await host.MailsToAsync(email);
        foreach (var address in new[] { email, "nobody@example.com" })
        {
            var refused = await PostAsync(client, page, ("email", address));
            Assert.Equal(HttpStatusCode.TooManyRequests, refused.Status);
            Assert.NotNull(refused.RetryAfter);
            Assert.Contains("Too many attempts", refused.Text, StringComparison.Ordinal);
        }
        Assert.Equal(before, await host.MailsToAsync(email));
        // Registering is counted apart, and from elsewhere mail goes out.
        (await RegisterAsync($"203.0.113.{last}", "/users/register", BackChannel.NewName())).MustBe(201);
        using var elsewhere = host.At($"203.0.113.2{last}");
        Assert.Equal(HttpStatusCode.SeeOther, (await PostAsync(elsewhere, page, ("email", email))).Status);
        Assert.Equal(before + 1, await host.MailsToAsync(email));
    }

    static (string, string)[] Person()
    {
        var name = BackChannel.NewName();
        return [("username", name), ("email", $"{name}@example.com"), ("password", BackChannel.Password)];
    }

    async Task<Answer> RegisterAsync(string address, string path, string username, HostNode? node = null)
    {
        using var client = node is null ? host.At(address) : node.At(address);
        return await client.PostAsync(path, new { username, password = BackChannel.Password });
    }

    static async Task<(HttpStatusCode Status, TimeSpan? RetryAfter, string Text)> PostAsync(HttpClient client, string path, params (string Name, string Value)[] fields)
    {
        using var page = await client.GetAsync(new Uri(path, UriKind.Relative));
        var html = await page.Content.ReadAsStringAsync();
        const string Mark = "name=\"__RequestVerificationToken\" type=\"hidden\" value=\"";
        var at = html.IndexOf(Mark, StringComparison.Ordinal) + Mark.Length;
        var token = html[at..html.IndexOf('"', at)];
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new FormUrlEncodedContent([.. fields.Select(f => KeyValuePair.Create(f.Name, f.Value)), new("__RequestVerificationToken", token)]),
        };
        request.Headers.TryAddWithoutValidation("Cookie", string.Join("; ", page.Headers.GetValues("Set-Cookie").Select(c => c.Split(';')[0])));
        using var answer = await client.SendAsync(request);
        return (answer.StatusCode, answer.Headers.RetryAfter?.Delta, WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync()));
    }
}

static class Registered
{
    /// <summary>Somebody who registered from this address.</summary>
    public static async Task<(string Username, long Id, string Email)> RegisteredAsync(this HostFixture host, string address)
    {
        using var client = host.At(address);
        var (username, id) = await client.RegisterAsync();
        return (username, id, $"{username}@example.com");
    }
}
