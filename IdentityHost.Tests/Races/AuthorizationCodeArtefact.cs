using IdentityHost.Tests.Protocol.Authorize;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Races;

/// <summary>
/// An authorization code: one of those who present it gets tokens, one grant is written, and since all the others are replays with every proof, nothing
/// of it lives once the last one is answered.
/// </summary>
public sealed class AuthorizationCodeArtefact : UsedOnceArtefact
{
    (RelyingParty App, Tab Tab, long Id)? _person;

    public override async Task<string> CreateAsync(HostFixture host)
    {
        if (_person is null)
        {
            var app = new RelyingParty(host, "demo", secret: null, "http://127.0.0.1/callback");
            var (tab, _, id) = await app.PersonAsync();
            _person = (app, tab, id);
        }
        return await _person.Value.App.CodeAsync(_person.Value.Tab, ("scope", "openid offline_access users:self"));
    }

    public override Task<RaceAnswer> UseAsync(HostFixture host, int node, string artefact) =>
        RaceAnswer.OfAsync(node, _person!.Value.App.RedeemAsync(host.Nodes[node].Client, artefact));

    public override async Task CheckAsync(HostFixture host, string artefact, IReadOnlyList<RaceAnswer> answers)
    {
        var winner = Assert.Single(answers, a => a.Granted);
        Assert.All(answers.Where(a => !a.Granted), a => Assert.Equal("invalid_grant", a.Body["error"]?.GetValue<string>()));
        Assert.Equal(0, await host.LiveGrantsAsync(_person!.Value.Id));
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM grants WHERE id = $1 AND ended_at IS NOT NULL", winner.Grant));
        Assert.Equal(
            answers.Count - 1,
            await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'code_replayed' AND detail = $1", winner.Grant.ToString("N")));
        await host.EventuallyRefusedAsync(winner.AccessToken!);
        Assert.Equal("invalid_grant", (await RaceAnswer.RefreshAsync(host, 0, winner.RefreshToken!)).Body["error"]?.GetValue<string>());
    }
}
