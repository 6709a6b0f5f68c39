using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Endpoints;
using IdentityHost.Revocation;
using Microsoft.Extensions.Options;
using Npgsql;

namespace IdentityHost.SignIn.Browser;

/// <summary>An application that may do something for a person: they have allowed it, or it was given their password.</summary>
/// <param name="ClientId">Its <c>client_id</c>.</param>
/// <param name="DisplayName">What it calls itself.</param>
/// <param name="Scopes">What it may, in order.</param>
/// <param name="Since">Since when.</param>
internal sealed record ConnectedApplication(string ClientId, string DisplayName, IReadOnlyList<string> Scopes, DateTime Since);

/// <summary>Shows a person the applications that have access to their account, and takes it away from one.</summary>
internal sealed class ConnectedApplications(NpgsqlDataSource database, Revocations revocations, IOptions<RevocationOptions> revocation)
{
    // The built-in application is this host: its sessions are listed as such.
    const string ListSql =
        $"""
        SELECT a.client_id, a.display_name, string_agg(x.scope, ' '), min(x.since)
        FROM (
            SELECT application_id, scope, granted_at AS since FROM consents WHERE user_id = $1
            UNION ALL
            SELECT g.application_id, g.scope, g.created_at FROM grants g JOIN sessions s ON s.id = g.session_id
            WHERE g.user_id = $1 AND g.ended_at IS NULL AND g.expires_at > identity_now() AND s.ended_at IS NULL AND s.expires_at > identity_now()
              AND s.global_epoch = {Installation.EpochSql}) x
        JOIN applications a ON a.id = x.application_id
        WHERE a.enabled AND a.client_id <> '{DeclaredApplications.BuiltIn}'
        GROUP BY a.id ORDER BY lower(a.display_name), a.id LIMIT 100
        """;

    // Whoever makes a grant or a code of this person shares this lock: the next statement sees what they made, and none is made meanwhile.
    const string LockSql = "SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE";

    // A code that is on its way to the application must buy nothing any more. The session goes on: the person is still signed in here.
    const string WithdrawSql =
        $"""
        WITH application AS (SELECT id, client_id FROM applications WHERE client_id = $2),
        withdrawn AS (DELETE FROM consents USING application WHERE user_id = $1 AND application_id = application.id RETURNING user_id),
        codes AS (
            UPDATE authorization_codes c SET expires_at = identity_now() FROM application
            WHERE c.application_id = application.id AND c.session_id IN (SELECT id FROM sessions WHERE user_id = $1)
              AND c.used_at IS NULL AND c.expires_at > identity_now()),
        ended AS (
            UPDATE grants g SET ended_at = identity_now() FROM application
            WHERE g.user_id = $1 AND g.application_id = application.id AND g.ended_at IS NULL RETURNING g.id),
        revoked AS (
            {Revocations.InsertInto} SELECT $3, replace(id::text, '-', ''), NULL, identity_now() + $4 FROM ended)
        {AuditLog.InsertInto}
        SELECT '{AuditKinds.ConsentWithdrawn}', $1, $1, client_id, $5, NULL FROM application
        WHERE EXISTS (SELECT FROM withdrawn) OR EXISTS (SELECT FROM ended)
        """;

    public async Task<IReadOnlyList<ConnectedApplication>> ListAsync(BrowserPerson person, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(ListSql);
        command.Parameters.Add(Sql.Value(person.UserId));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        List<ConnectedApplication> applications = [];
        while (await row.ReadAsync(cancellationToken))
        {
            applications.Add(new ConnectedApplication(
                row.GetString(0),
                row.GetString(1),
                [.. row.GetString(2).Split(' ', StringSplitOptions.RemoveEmptyEntries).Distinct().Order(StringComparer.Ordinal)],
                row.GetDateTime(3)));
        }
        return applications;
    }

    /// <summary>Forgets what the person allowed the application, and ends every grant of it with its tokens. When this returns none of them works.</summary>
    /// <param name="context">The request.</param>
    /// <param name="person">Who is signed in.</param>
    /// <param name="clientId">As the page sent it; one that has nothing changes nothing.</param>
    public async Task WithdrawAsync(HttpContext context, BrowserPerson person, string clientId)
    {
        var batch = new WriteBatch();
        batch.AddRead(LockSql, static _ => { }, Sql.Value(person.UserId));
        batch.Add(
            WithdrawSql,
            Sql.Value(person.UserId),
            Sql.Value(clientId),
            Sql.Value((short)RevocationKind.Grant),
            Sql.Value(revocation.Value.Keep),
            Sql.Value(RequestOrigin.Address(context)));
        revocations.PublishWith(batch);
        await batch.ExecuteAsync(database, CancellationToken.None);
    }
}
