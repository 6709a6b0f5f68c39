using System.Text.Json.Nodes;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Conformance;

/// <summary><c>oidcc-backchannel-rp-initiated-logout-certification-test-plan</c>.</summary>
[Collection(ConformanceHost.Name)]
[Trait("Plan", "Back-Channel OP")]
public sealed class BackchannelLogoutPlanTests(ConformanceHost host)
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact(DisplayName = "oidcc-backchannel-logout-discovery-endpoint-verification")]
    public async Task Discovery()
    {
        var metadata = await Metadata.ReadAsync(host);
        Assert.True(metadata["backchannel_logout_supported"]!.GetValue<bool>());
        Assert.True(metadata["backchannel_logout_session_supported"]!.GetValue<bool>());
        Assert.Equal("/connect/logout", await Metadata.PathAsync(host, "end_session_endpoint"));
    }

    [Fact(DisplayName = "oidcc-backchannel-rp-initiated-logout")]
    public async Task Logout()
    {
        await using var receiver = new LogoutReceiver();
        await receiver.StartAsync();
        var client = await ConformanceClient.RegisteredAsync(
            host, null,
            ("backchannel_logout_uri", receiver.AddressOf("suite")), ("backchannel_logout_session_required", true),
            ("post_logout_redirect_uris", new JsonArray(ConformanceHost.SignedOut)));
        var person = await Person.NewAsync(host);
        var granted = await client.FlowAsync(person);
        var arrival = await person.OpenAsync(
            $"{await Metadata.PathAsync(host, "end_session_endpoint")}?id_token_hint={granted.IdToken}&post_logout_redirect_uri={Uri.EscapeDataString(ConformanceHost.SignedOut)}&state=s1");
        Assert.Equal($"{ConformanceHost.SignedOut}?state=s1", arrival.Callback?.OriginalString);

        await Eventually.TrueAsync(() => Task.FromResult(!receiver.Received.IsEmpty), Patience);
        Assert.Empty(receiver.Strange);
        var logout = Assert.Single(receiver.Received);
        var (header, claims) = (IdTokenCheck.Part(logout.Token, 0), logout.Claims);
        await IdTokenCheck.SignedAsync(host, logout.Token, header);
        Assert.Equal(granted.Header["alg"]!.GetValue<string>(), header["alg"]!.GetValue<string>());
        Assert.Equal((HostFixture.Issuer, client.ClientId), (Text(claims, "iss"), Text(claims, "aud")));
        Assert.Equal((granted.Subject, Text(granted.Claims, "sid")), (Text(claims, "sub"), Text(claims, "sid")));
        Assert.Equal("""{"http://schemas.openid.net/event/backchannel-logout":{}}""", claims["events"]!.ToJsonString());
        Assert.NotEqual("", Text(claims, "jti"));
        var now = await host.NowAsync();
        Assert.InRange(DateTimeOffset.FromUnixTimeSeconds(claims["iat"]!.GetValue<long>()), now - TimeSpan.FromMinutes(5), now + TimeSpan.FromMinutes(5));
        Assert.False(claims.ContainsKey("nonce"));
        await RpInitiatedLogoutPlanTests.OutAsync(person, client);
    }

    static string Text(JsonObject json, string name) => json[name]!.GetValue<string>();
}
