using System.Globalization;
using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Protocol;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Endpoints;
using IdentityHost.Protocol.Grants;
using IdentityHost.Protocol.Tokens;
using IdentityHost.ResourceServer;
using IdentityHost.Revocation;
using Microsoft.Extensions.Options;
using Npgsql;

namespace IdentityHost.SignIn;

/// <summary>Begins and ends <c>sessions</c>. Ending one ends its grants and kills its tokens, in one transaction.</summary>
internal sealed class Sessions(NpgsqlDataSource database, Revocations revocations, TimeProvider clock, IOptions<TokensOptions> tokens, IOptions<RevocationOptions> revocation)
{
    // The person's row is locked: one who is being disabled, or whose password is being changed, gets no session (a plain read would miss it).
    const string BeginSql =
        """
        WITH person AS (
            SELECT id FROM users WHERE id = $1 AND status AND epoch = $2 AND ($10::text IS NULL OR password_hash = $10)
              AND ($11::text IS NULL OR security_stamp = $11) FOR SHARE),
        session AS (
            INSERT INTO sessions (id, user_id, amr, auth_time, expires_at, address, user_agent, global_epoch)
            SELECT $3, id, $4, identity_now(), $5, $6, $7, (SELECT epoch FROM installation) FROM person RETURNING user_id),
        state AS (
            INSERT INTO sign_in_states (user_id, last_sign_in_at) SELECT user_id, identity_now() FROM session
            ON CONFLICT (user_id) DO UPDATE SET last_sign_in_at = excluded.last_sign_in_at)
        """ + AuditLog.InsertInto + "SELECT $8, user_id, user_id, $9, $6, NULL FROM session";

    // Everything hangs on the row that was ended: a session of somebody else, or one that has ended before, tells nothing to anybody.
    static readonly string EndSql =
        $"""
        WITH ended AS (UPDATE sessions SET ended_at = identity_now() WHERE id = $1 AND user_id = $2 AND ended_at IS NULL RETURNING id, user_id),
        grants_ended AS (
            UPDATE grants SET ended_at = identity_now() FROM ended WHERE grants.session_id = ended.id AND grants.ended_at IS NULL),
        revoked AS (
            {Revocations.InsertInto}
            SELECT {(short)RevocationKind.Session}, $3, NULL, identity_now() + $4 FROM ended)
        {AuditLog.InsertInto} SELECT '{AuditKinds.SignedOut}', user_id, user_id, $5, $6, NULL FROM ended
        """;

    // The epoch kills what is being issued at this moment too.
    static readonly string EndAllSql =
        $"""
        WITH person AS (UPDATE users SET epoch = epoch + 1 WHERE id = $1 RETURNING id, epoch),
        ended AS (
            UPDATE sessions SET ended_at = identity_now() FROM person
            WHERE sessions.user_id = person.id AND sessions.ended_at IS NULL RETURNING sessions.id),
        grants_ended AS (
            UPDATE grants SET ended_at = identity_now() FROM ended WHERE grants.session_id = ended.id AND grants.ended_at IS NULL),
        revoked AS (
            {Revocations.InsertInto}
            SELECT {(short)RevocationKind.User}, id::text, epoch, identity_now() + $2 FROM person)
        {AuditLog.InsertInto} SELECT '{AuditKinds.SignedOutEverywhere}', id, id, NULL, $3, NULL FROM person
        """;

    /// <summary>A person's id as it stands in tokens (<c>sub</c>) and in the revocation feed.</summary>
    public static string SubjectOf(long userId) => userId.ToString(CultureInfo.InvariantCulture);

    /// <summary>Adds a new session to what the sign-in commits.</summary>
    /// <param name="batch">The statements of the sign-in.</param>
    /// <param name="person">Who has proved the password.</param>
    /// <param name="amr">How (RFC 8176).</param>
    /// <param name="origin">Where the request came from.</param>
    /// <param name="onlyIfHash">After a change of password: the hash that must be in force, or another change has won.</param>
    public Subject Add(WriteBatch batch, PersonAtTheDoor person, string amr, PasswordCredentials origin, string? onlyIfHash = null) =>
        Add(
            batch, person.Id, person.Epoch, person.Role, amr, new SessionOrigin(origin.ClientId, origin.Address, origin.UserAgent), onlyIfHash,
            // The password that was proved must still be theirs; a better hash of the same one does not move the stamp.
            onlyIfHash is null ? person.SecurityStamp : null);

    /// <inheritdoc cref="Add(WriteBatch, PersonAtTheDoor, string, PasswordCredentials, string?)"/>
    public Subject Add(WriteBatch batch, long person, int epoch, UserRole role, string amr, SessionOrigin origin, string? onlyIfHash = null, string? onlyIfStamp = null)
    {
        var now = clock.GetUtcNow();
        var id = Identifiers.NewRowId(now);
        var expires = now + tokens.Value.RefreshAbsoluteLifetime;
        batch.Add(
            BeginSql,
            Sql.Value(person),
            Sql.Value(epoch),
            Sql.Value(id),
            Sql.Value(amr),
            Sql.Value(expires.UtcDateTime),
            Sql.Value(origin.Address),
            Sql.Optional(origin.UserAgent),
            Sql.Value(AuditKinds.SignedIn),
            Sql.Value(origin.ClientId),
            Sql.Optional(onlyIfHash),
            Sql.Optional(onlyIfStamp));
        return new Subject(person, epoch, role, id, expires, AuthTime: now, amr);
    }

    /// <summary>
    /// For a sign-in in a browser, which makes no grant: the session is one that a cookie may stand for. Fails with
    /// <see cref="GrantRows.LostToARace"/> where it was not begun after all.
    /// </summary>
    public static void AddBrowser(WriteBatch batch, Subject subject) => batch.AddCheck(
        "WITH seen AS (UPDATE sessions SET last_seen_at = identity_now() WHERE id = $1 RETURNING id) SELECT 1 / count(*) FROM seen",
        Sql.Value(subject.SessionId));

    /// <summary>Ends a session with every grant and token below it. When this returns nothing of it works, whichever node is asked.</summary>
    public Task EndAsync(Guid session, long userId, string address) => ExecuteAsync(batch => AddEnd(batch, session, userId, address, clientId: null));

    /// <summary>Ends every session of a person, with all that hangs on them.</summary>
    public Task EndAllAsync(long userId, string address) => ExecuteAsync(batch =>
    {
        batch.Add(EndAllSql, Sql.Value(userId), Sql.Value(revocation.Value.Keep), Sql.Value(address));
        LogoutOutbox.AddEnded(batch, userId);
        revocations.PublishWith(batch);
    });

    /// <summary>
    /// Signs out what a token stands for: the person's session with every grant and token below it; for an application's own token, the
    /// token. When this returns the database refuses them, whichever node asks.
    /// </summary>
    public Task SignOutAsync(AccessToken token, string address) => ExecuteAsync(batch =>
    {
        revocations.Add(batch, RevocationKind.Token, token.TokenId);
        if (token.SessionId is { } session && Guid.TryParseExact(session, "N", out var id))
            AddEnd(batch, id, long.Parse(token.Subject, CultureInfo.InvariantCulture), address, token.ClientId);
        else
            batch.AddAudit(new AuditEvent { Kind = AuditKinds.TokenRevoked, ClientId = token.ClientId, Address = address });
    });

    void AddEnd(WriteBatch batch, Guid session, long userId, string address, string? clientId)
    {
        batch.Add(
            EndSql,
            Sql.Value(session),
            Sql.Value(userId),
            Sql.Value(Identifiers.Text(session)),
            Sql.Value(revocation.Value.Keep),
            Sql.Optional(clientId),
            Sql.Value(address));
        LogoutOutbox.AddEnded(batch, userId);
        revocations.PublishWith(batch);
    }

    /// <summary>Once begun it is finished, even if the caller does not wait: a sign-out must not be lost with the connection.</summary>
    Task<int> ExecuteAsync(Action<WriteBatch> add)
    {
        var batch = new WriteBatch();
        add(batch);
        return batch.ExecuteAsync(database, CancellationToken.None);
    }
}

/// <summary>Where a session is begun from.</summary>
/// <param name="ClientId">The application, for the audit.</param>
/// <param name="Address">As <c>RequestOrigin</c> tells it.</param>
/// <param name="UserAgent">What the browser says it is.</param>
internal sealed record SessionOrigin(string ClientId, string Address, string? UserAgent)
{
    /// <summary>A browser at this host's own pages.</summary>
    public static SessionOrigin Of(HttpContext context) =>
        new(DeclaredApplications.BuiltIn, RequestOrigin.Address(context), RequestOrigin.UserAgent(context));
}
