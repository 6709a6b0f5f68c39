namespace IdentityHost.Tests.Support;

/// <summary>
/// What the database holds alive, as everything that uses a session or a grant judges it: a disabled person's rows end when the person is
/// enabled again, and until then the status refuses them.
/// </summary>
static class LiveRows
{
    /// <summary>For <c>SELECT … FROM</c>, with the aliases g, s, u and a.</summary>
    public const string Grants =
        "grants g JOIN sessions s ON s.id = g.session_id JOIN users u ON u.id = g.user_id JOIN applications a ON a.id = g.application_id "
        + "WHERE g.ended_at IS NULL AND s.ended_at IS NULL AND u.status AND a.enabled";

    /// <summary>As <see cref="Grants"/>, with the aliases s and u.</summary>
    public const string Sessions = "sessions s JOIN users u ON u.id = s.user_id WHERE s.ended_at IS NULL AND u.status";

    public static Task<long> LiveGrantsAsync(this HostFixture host, long user) =>
        host.ScalarAsync<long>($"SELECT count(*) FROM {Grants} AND u.id = $1", user)!;

    public static Task<long> LiveSessionsAsync(this HostFixture host, long user) =>
        host.ScalarAsync<long>($"SELECT count(*) FROM {Sessions} AND u.id = $1", user)!;
}
