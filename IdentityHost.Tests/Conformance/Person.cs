using System.Net;
using System.Text.RegularExpressions;
using IdentityHost.Tests.Support;
using Microsoft.AspNetCore.WebUtilities;

namespace IdentityHost.Tests.Conformance;

/// <summary>Where a browser stands when the host has nothing more to ask.</summary>
/// <param name="Callback">The application's address without what the answer added to the query; null where the browser stays at the host.</param>
/// <param name="ByPost">Whether it came there by a form (Form Post Response Mode).</param>
/// <param name="Members">What the answer says, in the query or the form.</param>
/// <param name="Status">Of the last page; a page of the host where <paramref name="Callback"/> is null.</param>
/// <param name="Page">The last page as people read it.</param>
/// <param name="Path">Its path and query.</param>
/// <param name="Asked">The pages on the way, in order: <c>/sign-in</c>, <c>/consent</c>.</param>
/// <param name="Seen">What stood on them.</param>
public sealed record Arrival(
    Uri? Callback, bool ByPost, IReadOnlyDictionary<string, string> Members, HttpStatusCode Status, string Page, string Path, IReadOnlyList<string> Asked, string Seen);

/// <summary>Somebody in front of a browser, who signs in wherever they are asked to, and agrees.</summary>
public sealed partial class Person(HostFixture host, string username)
{
    /// <summary>What everybody here is called.</summary>
    public const string Name = "Budi Santoso";

    const int MostSteps = 12;

    readonly Tab _tab = new(host);

    /// <summary>Somebody new, about whom everything is known that a claim can tell.</summary>
    public static async Task<Person> NewAsync(HostFixture host)
    {
        var (username, id) = await host.Client.RegisterAsync();
        Assert.Equal(1, await host.ExecuteAsync(
            "UPDATE users SET name = $2, phone_number = '+62 21 555 1234', address = E'Jalan Merdeka 1\nJakarta', email_confirmed = true WHERE id = $1", id, Name));
        return new Person(host, username);
    }

    public async Task<Arrival> OpenAsync(string path) => await WalkAsync(path, await _tab.GetAsync(path));

    /// <summary>A form on the application's page that posts to the host.</summary>
    public async Task<Arrival> PostAsync(string path, params (string Name, string Value)[] form) => await WalkAsync(path, await _tab.SendAsync(HttpMethod.Post, path, form));

    /// <summary>Presses the button of the page's form.</summary>
    public Task<Arrival> SubmitAsync(Arrival at, params (string Name, string Value)[] typed) => PostAsync(at.Path, [.. Hidden(at.Page), .. typed]);

    async Task<Arrival> WalkAsync(string path, HttpResponseMessage response)
    {
        var (asked, seen) = (new List<string>(), "");
        for (var step = 0; step < MostSteps; step++)
        {
            using var answer = response;
            var page = await answer.Content.ReadAsStringAsync();
            if (answer.StatusCode == HttpStatusCode.SeeOther)
            {
                path = answer.Headers.Location!.OriginalString;
                if (!path.StartsWith('/'))
                    return Redirected(new Uri(path), answer.StatusCode, asked, seen);
                response = await _tab.GetAsync(path);
                continue;
            }
            var name = path.Split('?')[0];
            if (answer.StatusCode == HttpStatusCode.OK && FormAction().Match(page) is { Success: true } form)
                return new Arrival(new Uri(WebUtility.HtmlDecode(form.Groups["action"].Value)), ByPost: true, Single(Hidden(page)), answer.StatusCode, page, path, asked, seen);
            if (answer.StatusCode != HttpStatusCode.OK || name is not ("/sign-in" or "/consent"))
                return new Arrival(null, ByPost: false, Single([]), answer.StatusCode, page, path, asked, seen);
            asked.Add(name);
            seen += page;
            response = name == "/sign-in"
                ? await _tab.SendAsync(HttpMethod.Post, path, [.. Hidden(page), ("identifier", username), ("password", BackChannel.Password)])
                : await _tab.SendAsync(HttpMethod.Post, "/consent?handler=Allow", [.. Hidden(page)]);
        }
        throw new InvalidOperationException($"It goes on and on: {path}, after {string.Join(' ', asked)}");
    }

    static Arrival Redirected(Uri uri, HttpStatusCode status, List<string> asked, string seen)
    {
        var members = QueryHelpers.ParseQuery(uri.Query);
        Assert.All(members, m => Assert.Single(m.Value));
        Assert.Equal("", uri.Fragment);
        return new Arrival(uri, ByPost: false, members.ToDictionary(m => m.Key, m => m.Value.ToString(), StringComparer.Ordinal), status, "", uri.PathAndQuery, asked, seen);
    }

    static (string Name, string Value)[] Hidden(string page) =>
    [
        .. Input().Matches(page).Select(m => m.Value).Where(tag => tag.Contains("type=\"hidden\"", StringComparison.Ordinal))
            .Select(tag => (Attribute(tag, "name"), Attribute(tag, "value"))),
    ];

    static string Attribute(string tag, string name) =>
        WebUtility.HtmlDecode(Regex.Match(tag, $"\\b{name}=\"(?<value>[^\"]*)\"", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)).Groups["value"].Value);

    static Dictionary<string, string> Single((string Name, string Value)[] fields) => fields.ToDictionary(f => f.Name, f => f.Value, StringComparer.Ordinal);

    [GeneratedRegex("<form [^>]*action=\"(?<action>[a-z][a-z0-9+.-]*:[^\"]+)\"[^>]*>", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex FormAction();

    [GeneratedRegex("<input [^>]*>", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Input();
}
