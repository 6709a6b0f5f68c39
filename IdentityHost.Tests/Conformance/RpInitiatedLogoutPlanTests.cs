using System.Buffers.Text;
using System.Net;
using System.Text.Json.Nodes;
using IdentityHost.Tests.Protocol;

namespace IdentityHost.Tests.Conformance;

/// <summary><c>oidcc-rp-initiated-logout-certification-test-plan</c>.</summary>
[Collection(ConformanceHost.Name)]
[Trait("Plan", "RP-Initiated OP")]
public sealed class RpInitiatedLogoutPlanTests(ConformanceHost host)
{
    static readonly string State = string.Concat(Enumerable.Range(0, 128).Select(i => (char)('a' + (i % 26))));

    [Fact(DisplayName = "oidcc-rp-initiated-logout-discovery-endpoint-verification")]
    public async Task Discovery() => Assert.Equal("/connect/logout", await Metadata.PathAsync(host, "end_session_endpoint"));

    [Fact(DisplayName = "oidcc-rp-initiated-logout")]
    public async Task Logout()
    {
        var (person, client, granted) = await SignedInAsync();
        var arrival = await LeaveAsync(person, ("id_token_hint", granted.IdToken), ("post_logout_redirect_uri", ConformanceHost.SignedOut), ("state", State));
        Returned(arrival, ("state", State));
        await OutAsync(person, client);
    }

    [Fact(DisplayName = "oidcc-rp-initiated-logout-no-state")]
    public async Task NoState()
    {
        var (person, client, granted) = await SignedInAsync();
        Returned(await LeaveAsync(person, ("id_token_hint", granted.IdToken), ("post_logout_redirect_uri", ConformanceHost.SignedOut)));
        await OutAsync(person, client);
    }

    [Fact(DisplayName = "oidcc-rp-initiated-logout-bad-post-logout-redirect-uri")]
    public async Task BadPostLogoutRedirectUri()
    {
        var (person, client, granted) = await SignedInAsync();
        await StaysHereAsync(person, client, ("id_token_hint", granted.IdToken), ("post_logout_redirect_uri", $"{ConformanceHost.SignedOut}/another"), ("state", State));
    }

    [Fact(DisplayName = "oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri")]
    public async Task QueryAdded()
    {
        var (person, client, granted) = await SignedInAsync();
        await StaysHereAsync(person, client, ("id_token_hint", granted.IdToken), ("post_logout_redirect_uri", $"{ConformanceHost.SignedOut}?foo=bar"), ("state", State));
    }

    [Fact(DisplayName = "oidcc-rp-initiated-logout-modified-id-token-hint")]
    public async Task ModifiedIdTokenHint()
    {
        var (person, client, granted) = await SignedInAsync();
        var unsigned = $"{Base64Url.EncodeToString("""{"alg":"none"}"""u8)}.{granted.IdToken.Split('.')[1]}.";
        await StaysHereAsync(person, client, ("id_token_hint", unsigned), ("post_logout_redirect_uri", ConformanceHost.SignedOut), ("state", State));
    }

    [Fact(DisplayName = "oidcc-rp-initiated-logout-bad-id-token-hint")]
    public async Task BadIdTokenHint()
    {
        var (person, client, granted) = await SignedInAsync();
        var header = new JsonObject { ["alg"] = "ES256", ["typ"] = "JWT", ["kid"] = granted.Header["kid"]!.GetValue<string>() };
        foreach (var claims in (JsonObject[])[granted.Claims, HostTokens.Set(granted.Claims.DeepClone().AsObject(), ("iss", client.ClientId), ("aud", "http://localhost:5000"))])
        {
            var foreign = HostTokens.SignForeign(header.ToJsonString(), claims.ToJsonString());
            await StaysHereAsync(person, client, ("id_token_hint", foreign), ("post_logout_redirect_uri", ConformanceHost.SignedOut), ("state", State));
            // For the next one.
            granted = await client.FlowAsync(person);
        }
    }

    [Fact(DisplayName = "oidcc-rp-initiated-logout-no-id-token-hint")]
    public async Task NoIdTokenHint()
    {
        var (person, client, _) = await SignedInAsync();
        await StaysHereAsync(person, client, ("post_logout_redirect_uri", ConformanceHost.SignedOut), ("state", State));
    }

    [Fact(DisplayName = "oidcc-rp-initiated-logout-no-params")]
    public async Task NoParameters()
    {
        var (person, client, _) = await SignedInAsync();
        await StaysHereAsync(person, client);
    }

    [Fact(DisplayName = "oidcc-rp-initiated-logout-only-state")]
    public async Task OnlyState()
    {
        var (person, client, _) = await SignedInAsync();
        await StaysHereAsync(person, client, ("state", State));
    }

    [Fact(DisplayName = "oidcc-rp-initiated-logout-no-post-logout-redirect-uri")]
    public async Task NoPostLogoutRedirectUri()
    {
        var (person, client, granted) = await SignedInAsync();
        await StaysHereAsync(person, client, ("id_token_hint", granted.IdToken), ("state", State));
    }

    async Task<(Person Person, ConformanceClient Client, Granted Granted)> SignedInAsync()
    {
        var (person, client) = (await Person.NewAsync(host), ConformanceClient.Declared(host, ConformanceHost.First));
        return (person, client, await client.FlowAsync(person));
    }

    async Task<Arrival> LeaveAsync(Person person, params (string Name, string Value)[] parameters) => await person.OpenAsync(await AddressAsync(parameters));

    async Task<string> AddressAsync((string Name, string Value)[] parameters) =>
        await Metadata.PathAsync(host, "end_session_endpoint") + "?" + string.Join('&', parameters.Select(p => $"{p.Name}={Uri.EscapeDataString(p.Value)}"));

    /// <summary>The browser shows a page of ours, which asks first where nothing proves the session; and from there it leads nowhere else either.</summary>
    async Task StaysHereAsync(Person person, ConformanceClient client, params (string Name, string Value)[] parameters)
    {
        var arrival = await LeaveAsync(person, parameters);
        Assert.Equal((null, HttpStatusCode.OK), (arrival.Callback, arrival.Status));
        if (arrival.Path.StartsWith("/sign-out", StringComparison.Ordinal))
        {
            Assert.Contains(Person.Name, arrival.Page, StringComparison.Ordinal);
            await SilentlyAsync(person, client);
            arrival = await person.SubmitAsync(arrival);
        }
        Assert.Null(arrival.Callback);
        Assert.StartsWith("/signed-out", arrival.Path, StringComparison.Ordinal);
        await OutAsync(person, client);
    }

    static void Returned(Arrival arrival, params (string Name, string Value)[] members)
    {
        Assert.Equal(new Uri(ConformanceHost.SignedOut), new Uri(arrival.Callback!.GetLeftPart(UriPartial.Path)));
        Assert.Equal(members, arrival.Members.Select(m => (m.Key, m.Value)));
        Assert.Empty(arrival.Asked);
    }

    /// <summary>Still signed in.</summary>
    static async Task SilentlyAsync(Person person, ConformanceClient client) => client.CodeOf(await person.OpenAsync(client.Address(("prompt", "none"))));

    /// <summary>Signed out: without a page nothing is to be had any more.</summary>
    internal static async Task OutAsync(Person person, ConformanceClient client) =>
        client.RefusedWith(await person.OpenAsync(client.Address(("prompt", "none"))), "login_required", "interaction_required");
}
