using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Races;

/// <summary>A refresh token: it moves its grant by one generation, and everybody who presents it meanwhile is told the same successor.</summary>
public sealed class RefreshTokenArtefact : UsedOnceArtefact
{
    string? _username;

    public override async Task<string> CreateAsync(HostFixture host)
    {
        _username ??= (await host.Client.RegisterAsync()).Username;
        return (await RaceAnswer.SignInAsync(host, _username)).RefreshToken!;
    }

    public override Task<RaceAnswer> UseAsync(HostFixture host, int node, string artefact) => RaceAnswer.RefreshAsync(host, node, artefact);

    public override async Task CheckAsync(HostFixture host, string artefact, IReadOnlyList<RaceAnswer> answers)
    {
        // No successor is used yet, so within the grace nobody is refused.
        Assert.All(answers, a => Assert.True(a.Granted, $"{a.Status} {a.Body.ToJsonString()}"));
        var successor = Assert.Single(answers.Select(a => a.RefreshToken!).Distinct(StringComparer.Ordinal));
        var grant = Assert.Single(answers.Select(a => a.Grant).Distinct());
        // I1, I2 and I4: consumed once, one generation, and the row that all the answers speak of exists and lives.
        Assert.Equal(1, answers[0].Generation);
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM grants WHERE id = $1 AND generation = 1 AND ended_at IS NULL", grant));

        var next = await RaceAnswer.RefreshAsync(host, 0, successor);
        Assert.True(next.Granted, next.Body.ToJsonString());
        Assert.Equal((grant, 2), (next.Grant, next.Generation));
        // The one that was raced for is now two generations old: whoever still has it is a replay, and nothing of the family is left.
        Assert.Equal("invalid_grant", (await RaceAnswer.RefreshAsync(host, 1, artefact)).Body["error"]?.GetValue<string>());
        Assert.Equal("invalid_grant", (await RaceAnswer.RefreshAsync(host, 0, next.RefreshToken!)).Body["error"]?.GetValue<string>());
        Assert.Equal(2, await host.ScalarAsync<int>("SELECT generation FROM grants WHERE id = $1 AND ended_at IS NOT NULL", grant));
    }
}
