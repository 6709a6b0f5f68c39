using System.Net;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Authorize;

/// <summary>What the answers of the authorization endpoint are held to, whichever node gives them: no inside told, and a refusal leaves everything as it was.</summary>
static class AuthorizeAnswers
{
    const string Rows =
        """
        SELECT concat_ws(' ', (SELECT count(*) FROM authorization_requests), (SELECT count(*) FROM authorization_codes),
            (SELECT count(*) FROM authorization_codes WHERE used_at IS NOT NULL), (SELECT count(*) FROM grants),
            (SELECT count(*) FROM grants WHERE ended_at IS NOT NULL), (SELECT count(*) FROM consents), (SELECT count(*) FROM sessions),
            (SELECT count(*) FROM sessions WHERE ended_at IS NOT NULL))
        """;

    /// <summary>How much there is of all that an authorization request can write, use or end.</summary>
    public static async Task<string> RowsAsync(this HostFixture host) => (await host.ScalarAsync<string>(Rows))!;

    /// <summary>Both nodes answer with the error page and go nowhere.</summary>
    public static async Task ShowsErrorPageAsync(this HostFixture host, string path, Tab? tab = null)
    {
        var rows = await host.RowsAsync();
        for (var node = 0; node < 2; node++)
        {
            using var answer = await host.AskAsync(HttpMethod.Get, node, path, tab);
            await IsErrorPageAsync(answer, path);
        }
        Assert.Equal(rows, await host.RowsAsync());
    }

    public static async Task IsErrorPageAsync(HttpResponseMessage answer, string what = "")
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.BadRequest, $"{what}: {(int)answer.StatusCode} {answer.Headers.Location} {text}");
        Assert.Null(answer.Headers.Location);
        Assert.Equal("text/html", answer.Content.Headers.ContentType!.MediaType);
        Answers.Clean(text);
    }

    /// <summary>Both nodes send the browser to the application with this error, its state and the issuer, and nothing else happens.</summary>
    public static async Task RefusesAsync(this HostFixture host, RelyingParty app, string error, string path, Tab? tab = null, string? state = null)
    {
        var rows = await host.RowsAsync();
        for (var node = 0; node < 2; node++)
        {
            using var answer = await host.AskAsync(HttpMethod.Get, node, path, tab);
            Assert.True(answer.StatusCode == HttpStatusCode.SeeOther, $"{path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
            IsError(answer, error, state ?? app.State);
        }
        Assert.Equal(rows, await host.RowsAsync());
    }

    public static void IsError(HttpResponseMessage answer, string error, string state)
    {
        var location = answer.Headers.Location!.OriginalString;
        Assert.StartsWith(AuthorizeHost.Callback, location, StringComparison.Ordinal);
        var members = RelyingParty.Members(new Uri(location));
        Assert.Equal((error, HostFixture.Issuer), (members["error"], members["iss"]));
        Assert.Equal(state, members.GetValueOrDefault("state", ""));
        Assert.All(new[] { "code", "access_token", "id_token", "token" }, name => Assert.False(members.ContainsKey(name)));
        Answers.Clean(location);
        Assert.Equal("no-store", answer.Headers.CacheControl?.ToString());
    }

    /// <summary>A request straight to one node, with a tab's cookies; those that come back are left alone.</summary>
    public static async Task<HttpResponseMessage> AskAsync(
        this HostFixture host, HttpMethod method, int node, string path, Tab? tab = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.TryAddWithoutValidation("Accept", "text/html");
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        if (tab?.Cookies.Count > 0)
            request.Headers.TryAddWithoutValidation("Cookie", string.Join("; ", tab.Cookies.Select(c => $"{c.Key}={c.Value}")));
        return await host.Nodes[node].Client.SendAsync(request);
    }

    /// <summary>A request that waits at the sign-in page: where it comes back to.</summary>
    public static async Task<string> BegunAsync(this Tab tab, string address)
    {
        using var begun = await tab.GetAsync(address);
        Assert.Equal(HttpStatusCode.SeeOther, begun.StatusCode);
        var location = begun.Headers.Location!.OriginalString;
        Assert.StartsWith("/sign-in?return_to=", location, StringComparison.Ordinal);
        return Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(location.Split('?')[1])["return_to"].ToString();
    }

    /// <summary>A request that waits at the consent page: its address and the id of the request.</summary>
    public static async Task<(string Page, string Id)> AskedAsync(this Tab tab, string address)
    {
        using var asked = await tab.GetAsync(address);
        Assert.Equal(HttpStatusCode.SeeOther, asked.StatusCode);
        var page = asked.Headers.Location!.OriginalString;
        Assert.StartsWith("/consent?id=", page, StringComparison.Ordinal);
        return (page, page["/consent?id=".Length..].Split('&')[0]);
    }

    /// <summary>The status of each node's answer to the access token, and of a refresh, at the end of a grant.</summary>
    public static async Task IsDeadAsync(this HostFixture host, System.Text.Json.Nodes.JsonObject tokens, string clientId)
    {
        await host.EventuallyRefusedAsync(tokens["access_token"]!.GetValue<string>());
        if (tokens["refresh_token"]?.GetValue<string>() is { } refresh)
            await host.Client.BasicAsync($"{clientId}:{AuthorizeHost.Secret}", ("grant_type", "refresh_token"), ("refresh_token", refresh)).RefusedAsync("invalid_grant");
    }
}
