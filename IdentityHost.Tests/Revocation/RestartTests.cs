using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Revocation;

/// <summary>Nothing that decides a refusal is forgotten with the nodes.</summary>
[Collection(SharedHost.Name)]
public sealed class RestartTests(HostFixture host)
{
    [Fact]
    [Case(73)]
    public async Task A_replay_after_all_nodes_were_restarted_is_refused_and_ends_the_grant()
    {
        string first, newest;
        await using (var before = await HostNode.StartAsync(host.ConnectionString, []))
        {
            var (username, _) = await before.Client.RegisterAsync();
            first = newest = Refresh(await before.Client.PasswordGrantAsync(username, BackChannel.Password).GrantedAsync());
            for (var i = 0; i < 3; i++)
                newest = Refresh(await PresentAsync(before, newest).GrantedAsync());
        }
        await using var after = await HostNode.StartAsync(host.ConnectionString, []);
        await PresentAsync(after, first).RefusedAsync("invalid_grant");
        await PresentAsync(after, newest).RefusedAsync("invalid_grant");
        await PresentAsync(host.Nodes[0], newest).RefusedAsync("invalid_grant");
    }

    static string Refresh(System.Text.Json.Nodes.JsonObject body) => body["refresh_token"]!.GetValue<string>();

    static Task<HttpResponseMessage> PresentAsync(HostNode node, string token) =>
        node.Client.TokenAsync(("grant_type", "refresh_token"), ("client_id", "demo"), ("refresh_token", token));
}
