using IdentityHost.Tests.Protocol.Clients;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Races;

/// <summary>A client assertion: its <c>jti</c> is taken once.</summary>
public sealed class ClientAssertionArtefact : UsedOnceArtefact
{
    static string ClientId => "race-" + nameof(ClientAssertionArtefact).ToLowerInvariant();

    AssertionKey? _key;

    public override async Task<string> CreateAsync(HostFixture host)
    {
        if (_key is null)
        {
            _key = new AssertionKey();
            await host.ExecuteAsync(
                """
                INSERT INTO applications (client_id, display_name, token_endpoint_auth_method, jwks, grant_types, scopes, redirect_uris, consent, audiences,
                    post_logout_redirect_uris, allowed_origins, enabled, epoch, declared)
                VALUES ($1, $1, 'private_key_jwt', $2, '{client_credentials}', '{users:self}', '{}', 'explicit', '{}', '{}', '{}', true, 0, false)
                """,
                ClientId,
                AssertionKey.Set(_key).ToJsonString());
        }
        return _key.Assertion(ClientId);
    }

    public override Task<RaceAnswer> UseAsync(HostFixture host, int node, string artefact) => RaceAnswer.OfAsync(node, host.Nodes[node].Client.AssertedAsync(artefact));

    public override async Task CheckAsync(HostFixture host, string artefact, IReadOnlyList<RaceAnswer> answers)
    {
        Assert.Single(answers, a => a.Granted);
        Assert.All(answers.Where(a => !a.Granted), a => Assert.Equal((401, "invalid_client"), (a.Status, a.Body["error"]!.GetValue<string>())));
        Assert.Equal("invalid_client", (await UseAsync(host, 0, artefact)).Body["error"]?.GetValue<string>());
    }
}
