using System.Text.Json.Nodes;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Clients;

/// <summary>npm <c>openid-client</c>, a certified relying party, unmodified: discovery, registration, code flow, refresh, userinfo, introspection, logout.</summary>
public sealed class OpenIdClientTests(LibraryHost host) : IClassFixture<LibraryHost>
{
    [Theory]
    [InlineData("", "none")]
    [InlineData(LibraryHost.InitialAccessToken, "client_secret_basic")]
    [InlineData(LibraryHost.InitialAccessToken, "private_key_jwt")]
    public async Task The_library_goes_the_whole_way(string initialAccessToken, string method)
    {
        await Npm.InstallAsync();
        var username = await host.RegisterAsync();
        var printed = await Npm.RunAsync("node", "openid-client.mjs", host.Address, username, BackChannel.Password, initialAccessToken, method);
        var steps = printed.Trim().Split('\n').Select(line => JsonNode.Parse(line)!).ToDictionary(s => s["step"]!.GetValue<string>(), StringComparer.Ordinal);

        Assert.Equal(host.Address, Text("discovered", "issuer"));
        var sub = Text("code", "sub");
        Assert.Equal(["access_token", "expires_in", "id_token", "refresh_token", "scope", "token_type"], steps["code"]["members"]!.AsArray().Select(m => m!.GetValue<string>()));
        Assert.Equal((sub, username), (Text("userinfo", "sub"), Text("userinfo", "username")));
        Assert.Equal((sub, true), (Text("refresh", "sub"), steps["refresh"]["another"]!.GetValue<bool>()));
        Assert.Equal(sub, Text("silent", "sub"));
        if (initialAccessToken.Length > 0)
            Assert.True(steps["introspect"]["active"]!.GetValue<bool>());
        Assert.Equal("invalid_grant", Text("revoked", "error"));
        Assert.Equal("bye", Text("logout", "state"));
        Assert.Equal("invalid_grant", Text("after", "error"));

        string Text(string step, string name) => steps[step][name]!.GetValue<string>();
    }
}
