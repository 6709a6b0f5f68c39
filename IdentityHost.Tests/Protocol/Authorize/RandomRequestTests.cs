using System.Globalization;
using System.Net;
using System.Text;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Authorize;

/// <summary>
/// Requests of random parameters with random values: whatever comes, no answer is a 5xx, tells of the inside, or leads to an address that is not
/// registered. 500 of them, by a seed that a failure names.
/// </summary>
[Collection(AuthorizeHost.Name)]
public sealed class RandomRequestTests(AuthorizeHost host)
{
    const int Requests = 500;

    static readonly IReadOnlyList<string> Registered = [AuthorizeHost.Callback, AuthorizeHost.OtherCallback, "http://127.0.0.1", "com.example.app:/cb"];

    [Fact]
    [Case(26)]
    [Case(198)]
    public async Task No_request_breaks_the_endpoint_or_leads_astray()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        var (tab, _, _) = await new RelyingParty(host, AuthorizeHost.Web).PersonAsync();
        var outcomes = new SortedDictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < Requests; i++)
        {
            var query = NewQuery(random);
            var post = random.Next(5) == 0;
            using var request = new HttpRequestMessage(post ? HttpMethod.Post : HttpMethod.Get, post ? "/connect/authorize" : "/connect/authorize?" + query);
            if (post)
                request.Content = new StringContent(query, Encoding.UTF8, "application/x-www-form-urlencoded");
            if (random.Next(2) == 0)
                request.Headers.TryAddWithoutValidation("Cookie", string.Join("; ", tab.Cookies.Select(c => $"{c.Key}={c.Value}")));
            using var answer = await host.Client.SendAsync(request);
            var outcome = await CheckAsync(answer, $"seed {seed}, request {i}: {query}");
            outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}: {string.Join(", ", outcomes.Select(o => $"{o.Key} {o.Value}"))}");
        Assert.True(outcomes.Count >= 8 && outcomes.GetValueOrDefault("page") < Requests / 2, $"seed {seed}: only {string.Join(", ", outcomes)}: the requests are too much alike to prove anything.");
    }

    static async Task<string> CheckAsync(HttpResponseMessage answer, string what)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True((int)answer.StatusCode is 200 or 303 or 400 or 414, $"{(int)answer.StatusCode}: {what}\n{text}");
        Answers.Clean(text);
        if (answer.StatusCode != HttpStatusCode.SeeOther)
            return answer.StatusCode == HttpStatusCode.OK ? "form" : "page";
        var location = answer.Headers.Location!.OriginalString;
        Assert.All(location, c => Assert.InRange(c, '!', '~'));
        if (location.StartsWith('/'))
        {
            Assert.True(location is ['/', not '/', ..], what);
            return location.Split('?')[0].Split('/')[1];
        }
        Assert.True(Registered.Any(r => location.StartsWith(r, StringComparison.Ordinal)), $"{location}: {what}");
        var address = new Uri(location);
        Assert.True(address is { Host: "rp.example", Port: 443 } or { Host: "127.0.0.1", AbsolutePath: "/cb" } or { Scheme: "com.example.app", AbsolutePath: "/cb" }, $"{location}: {what}");
        var members = RelyingParty.Members(address);
        Assert.Equal(HostFixture.Issuer, members["iss"]);
        return members.GetValueOrDefault("error") ?? "code";
    }

    static string NewQuery(Random random)
    {
        const string Challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        (string, string)[] applications =
        [
            (AuthorizeHost.Own, AuthorizeHost.Callback), (AuthorizeHost.Web, AuthorizeHost.Callback), (AuthorizeHost.Web, AuthorizeHost.OtherCallback),
            (AuthorizeHost.Exempt, AuthorizeHost.Callback), (AuthorizeHost.Native, "http://127.0.0.1:8123/cb"), (AuthorizeHost.Native, "com.example.app:/cb"),
            (AuthorizeHost.Plain, AuthorizeHost.Callback),
        ];
        var (client, redirect) = applications[random.Next(applications.Length)];
        List<(string Name, IReadOnlyList<string> Values)> known =
        [
            ("client_id", [client]),
            ("redirect_uri", [redirect, redirect, redirect, redirect, redirect, redirect, AuthorizeHost.OtherCallback, "http://127.0.0.1:99999/cb", "https://evil.example/cb"]),
            ("response_type", ["code", "code", "code", "code", "code", "code", "token", "id_token"]),
            ("response_mode", ["query", "fragment", "form_post", "web_message"]),
            ("scope", ["openid", "openid users:self", "users:self", "openid users:self", "openid offline_access", "openid profile email", "api.read"]),
            ("state", ["s", "日本語", "\r\nX: 1"]),
            ("nonce", ["n"]),
            ("code_challenge", [Challenge, Challenge, Challenge, Challenge, Challenge, Challenge, "short"]),
            ("code_challenge_method", ["S256", "S256", "S256", "S256", "S256", "S256", "plain"]),
            ("prompt", ["none", "login", "consent", "select_account", "create", "login consent", "none login"]),
            ("max_age", ["0", "1", "3600", "2147483647", "99999999999999"]),
            ("ui_locales", ["id", "en fr", "\u202e"]),
            ("login_hint", ["somebody@example.com", "<script>"]),
            ("id_token_hint", ["x.y.z"]),
            ("acr_values", ["1"]),
            ("claims", ["{}", "{\"userinfo\":{\"email\":null}}", "{\"\\udc00\":1}", "[[[["]),
            ("resource", ["https://api.example.com", HostFixture.Issuer, "https://other.example"]),
            ("provider", ["google", "other"]),
            ("request", ["e30"]),
            ("request_uri", ["http://127.0.0.1:1/x"]),
        ];
        var query = new StringBuilder();
        foreach (var (name, values) in known)
        {
            // What every good request has is mostly there, so that many get further than the first check.
            var usual = name is "client_id" or "redirect_uri" or "response_type" or "scope" or "code_challenge" or "code_challenge_method";
            if (random.Next(100) >= (usual ? 97 : name is "request" or "request_uri" ? 2 : 15))
                continue;
            for (var repeat = random.Next(80) == 0 ? 2 : 1; repeat > 0; repeat--)
                query.Append(query.Length == 0 ? "" : "&").Append(name).Append('=').Append(random.Next(50) == 0 ? Noise(random) : Uri.EscapeDataString(values[random.Next(values.Count)]));
        }
        if (random.Next(20) == 0)
            query.Append('&').Append(Noise(random)).Append('=').Append(Noise(random));
        return query.ToString();
    }

    /// <summary>Something nobody means: long, of any script, or no text at all.</summary>
    static string Noise(Random random) => random.Next(8) switch
    {
        0 => new string('a', random.Next(1, 3000)),
        1 => "%00",
        2 => "%ff%fe",
        3 => "%",
        4 => "",
        5 => Uri.EscapeDataString(string.Concat(Enumerable.Range(0, random.Next(1, 40)).Select(_ => char.ConvertFromUtf32(random.Next(0x10000, 0x10FFFF))))),
        6 => Uri.EscapeDataString(new string([.. Enumerable.Range(0, random.Next(1, 40)).Select(_ => (char)random.Next(1, 0xD800))])),
        _ => random.NextInt64().ToString(CultureInfo.InvariantCulture),
    };
}
