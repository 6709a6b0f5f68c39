using System.Net;
using System.Text.RegularExpressions;

namespace IdentityHost.Tests.Support;

/// <summary>A browser without a screen: keeps cookies, follows no redirect, fills in forms with the token that their page holds.</summary>
public sealed partial class Tab(HostFixture host)
{
    /// <summary>By name.</summary>
    public IDictionary<string, string> Cookies { get; private init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Somebody else with a copy of the cookies.</summary>
    public Tab Copy() => new(host) { Cookies = new Dictionary<string, string>(Cookies, StringComparer.Ordinal) };

    public Task<HttpResponseMessage> GetAsync(string path) => SendAsync(HttpMethod.Get, path, null);

    /// <summary>The page as a person reads it.</summary>
    public async Task<string> TextAsync(string path)
    {
        using var response = await GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return WebUtility.HtmlDecode(await response.Content.ReadAsStringAsync());
    }

    /// <summary>Signs in by the page.</summary>
    public Task<HttpResponseMessage> SignInAsync(string identifier, string password, string? returnTo = null) =>
        PostAsync("/sign-in", "/sign-in", ("identifier", identifier), ("password", password), ("return_to", returnTo ?? ""));

    /// <summary>Signs in though somebody is signed in already: the page itself would send them on.</summary>
    public async Task<HttpResponseMessage> PostSignInAsync(string identifier, string password) => await SendAsync(
        HttpMethod.Post, "/sign-in", [("identifier", identifier), ("password", password), ("__RequestVerificationToken", await FormTokenAsync("/account"))]);

    /// <summary>Opens <paramref name="page"/> and sends its form to <paramref name="action"/>.</summary>
    public async Task<HttpResponseMessage> PostAsync(string action, string page, params (string Name, string Value)[] fields) =>
        await SendAsync(HttpMethod.Post, action, [.. fields, ("__RequestVerificationToken", await FormTokenAsync(page))]);

    /// <summary>The token against forged posts that this page's form holds.</summary>
    public async Task<string> FormTokenAsync(string page) => FormToken().Match(await TextAsync(page)).Groups["token"].Value;

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, (string Name, string Value)[]? form)
    {
        using var request = new HttpRequestMessage(method, path);
        if (form is not null)
            request.Content = new FormUrlEncodedContent(form.Select(f => new KeyValuePair<string, string>(f.Name, f.Value)));
        request.Headers.TryAddWithoutValidation("Accept", "text/html");
        if (Cookies.Count > 0)
            request.Headers.TryAddWithoutValidation("Cookie", string.Join("; ", Cookies.Select(c => $"{c.Key}={c.Value}")));
        var response = await host.Client.SendAsync(request);
        foreach (var cookie in response.Headers.TryGetValues("Set-Cookie", out var set) ? set : [])
        {
            var pair = cookie.Split(';')[0].Split('=', 2);
            if (pair[1].Length == 0)
                Cookies.Remove(pair[0]);
            else
                Cookies[pair[0]] = pair[1];
        }
        return response;
    }

    [GeneratedRegex("name=\"__RequestVerificationToken\" type=\"hidden\" value=\"(?<token>[^\"]+)\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex FormToken();
}
