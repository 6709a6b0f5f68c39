using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Races;

/// <summary>What must be true of the whole database after any race (the invariants of the security table).</summary>
static class Invariants
{
    /// <summary>I3: what the database holds alive under something that is dead or gone, in words; empty is right.</summary>
    static readonly IReadOnlyList<(string What, string Sql)> DeadRoots =
    [
        ("live grants under a dead session", "SELECT count(*) FROM grants g LEFT JOIN sessions s ON s.id = g.session_id WHERE g.ended_at IS NULL AND (s.id IS NULL OR s.ended_at IS NOT NULL)"),
        ("grants of a deleted person", "SELECT count(*) FROM grants g LEFT JOIN users u ON u.id = g.user_id WHERE u.id IS NULL"),
        ("live grants of a dead application", "SELECT count(*) FROM grants g LEFT JOIN applications a ON a.id = g.application_id WHERE g.ended_at IS NULL AND a.enabled IS NOT TRUE"),
        ("sessions of a deleted person", "SELECT count(*) FROM sessions s LEFT JOIN users u ON u.id = s.user_id WHERE u.id IS NULL"),
        ("grants of another person than their session's", "SELECT count(*) FROM grants g JOIN sessions s ON s.id = g.session_id WHERE g.user_id <> s.user_id"),
        // I5 and I6, which cost nothing more.
        ("missing admins", "SELECT 1 - least(1, count(*)) FROM users WHERE role = 1 AND status"),
        ("rows of people who are gone", "SELECT count(*) FROM sign_in_states t LEFT JOIN users u ON u.id = t.user_id WHERE u.id IS NULL"),
    ];

    public static async Task HoldAsync(HostFixture host)
    {
        foreach (var (what, sql) in DeadRoots)
            Assert.True(await host.ScalarAsync<object>(sql) is { } count && Convert.ToInt64(count, null) == 0, $"There are {what}.");
    }
}
