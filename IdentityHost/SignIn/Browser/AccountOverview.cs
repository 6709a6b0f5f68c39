using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Users;
using Microsoft.Extensions.Options;
using Npgsql;

namespace IdentityHost.SignIn.Browser;

/// <summary>What a person sees of their own account.</summary>
internal sealed record AccountOverview(string Username, string? Email, bool HasPassword, bool HasGoogle, IReadOnlyList<SessionView> Sessions)
{
    public bool EmailConfirmed { get; init; }

    /// <summary>The address they asked for and have not confirmed yet.</summary>
    public string? PendingEmail { get; init; }
}

/// <summary>Somewhere a person is signed in: a browser, or an application that was given their password.</summary>
internal sealed record SessionView(Guid Id, DateTime Since, string? Address, string? UserAgent)
{
    /// <summary>Browser and system, or the program's name.</summary>
    public string Device => DeviceName.Of(UserAgent);
}

/// <summary>Reads <see cref="AccountOverview"/>: two statements.</summary>
internal sealed class AccountOverviews(UserReads users, NpgsqlDataSource database, IOptions<BrowserSessionOptions> options)
{
    // Where a browser may still come in, or an application has a grant; a session that has neither is nothing to sign out of.
    static readonly string SessionsSql =
        $"""
        SELECT id, auth_time, address, user_agent FROM sessions
        WHERE user_id = $1 AND ended_at IS NULL AND expires_at > identity_now() AND global_epoch = {Installation.EpochSql}
          AND ((last_seen_at + $2 > identity_now() AND auth_time + $3 > identity_now())
            OR EXISTS (SELECT FROM grants g WHERE g.session_id = sessions.id AND g.ended_at IS NULL))
        ORDER BY auth_time DESC LIMIT 100
        """;

    /// <summary>Null if there is no such person any more.</summary>
    public async Task<AccountOverview?> ReadAsync(long userId, CancellationToken cancellationToken)
    {
        if (await users.FindAsync(userId, cancellationToken) is not { } user)
            return null;
        return new AccountOverview(user.Username, user.Email, user.HasPassword, user.HasGoogle, await SessionsAsync(userId, cancellationToken))
        {
            EmailConfirmed = user.EmailVerified,
            PendingEmail = user.PendingEmail,
        };
    }

    /// <summary>Where the person is signed in, the newest first.</summary>
    public async Task<IReadOnlyList<SessionView>> SessionsAsync(long userId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(SessionsSql);
        command.Parameters.Add(Sql.Value(userId));
        command.Parameters.Add(Sql.Value(options.Value.IdleLifetime));
        command.Parameters.Add(Sql.Value(options.Value.AbsoluteLifetime));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        List<SessionView> sessions = [];
        while (await row.ReadAsync(cancellationToken))
        {
            sessions.Add(new SessionView(
                row.GetGuid(0), row.GetDateTime(1), row.IsDBNull(2) ? null : row.GetString(2), row.IsDBNull(3) ? null : row.GetString(3)));
        }
        return sessions;
    }
}
