using IdentityHost.Data;
using IdentityHost.Data.Entities;
using Microsoft.EntityFrameworkCore;

namespace IdentityHost.Revocation;

/// <summary>
/// The one writer of the table <c>logout_messages</c>: a row for each application that wants to be told (it has a back-channel address) and has, or
/// lately had, a grant on a session that ends. Written in the transaction of the end, so that none is told of what did not happen, and none forgotten.
/// </summary>
/// <remarks>
/// It is a statement of its own, and not a part of the one that ends the sessions: that one may have waited for a grant that was being made, and still
/// sees the rows as they were before it waited. Whoever makes a grant locks the session first, so the next statement sees every one there will ever be.
/// </remarks>
internal static class LogoutOutbox
{
    const string InsertWhere =
        """
        INSERT INTO logout_messages (application_id, user_id, session_id, token_id, attempts)
        SELECT told.application_id, told.user_id, told.session_id, replace(gen_random_uuid()::text, '-', ''), 0
        FROM (
            SELECT DISTINCT g.application_id, s.user_id, s.id AS session_id
            FROM sessions s JOIN grants g ON g.session_id = s.id JOIN applications a ON a.id = g.application_id
            WHERE a.enabled AND a.backchannel_logout_uri IS NOT NULL AND
        """;

    // Those that an earlier statement of this very transaction has ended: it is their newest writer.
    const string EndedNow = " AND s.ended_at IS NOT NULL AND s.xmin = pg_current_xact_id()::xid) told";

    const string EndedSql = InsertWhere + " s.user_id = $1" + EndedNow;

    const string EndedByLinkSql = InsertWhere + " s.user_id IN (SELECT user_id FROM account_tokens WHERE key = $1)" + EndedNow;

    const string LiveSql =
        InsertWhere + " s.user_id = {0} AND s.ended_at IS NULL AND s.expires_at > identity_now() AND s.global_epoch = " + Installation.EpochSql + ") told";

    /// <summary>For a batch in which a statement ends sessions of this person. Comes after it.</summary>
    public static void AddEnded(WriteBatch batch, long userId) => batch.Add(EndedSql, Sql.Value(userId));

    /// <summary>The same for a transaction of the context's.</summary>
    public static Task AddEndedAsync(HostDbContext context, long userId, CancellationToken cancellationToken) =>
        context.Database.ExecuteSqlRawAsync(InsertWhere + " s.user_id = {0}" + EndedNow, [userId], cancellationToken);

    /// <summary>The same where the person is known by a mailed link only.</summary>
    public static void AddEndedByLink(WriteBatch batch, byte[] linkKey) => batch.Add(EndedByLinkSql, Sql.Value(linkKey));

    /// <summary>For whoever kills all that is alive of a person without touching the rows, or deletes them: before that, with the person's row locked.</summary>
    public static Task AddLiveAsync(HostDbContext context, long userId, CancellationToken cancellationToken) =>
        context.Database.ExecuteSqlRawAsync(LiveSql, [userId], cancellationToken);
}
