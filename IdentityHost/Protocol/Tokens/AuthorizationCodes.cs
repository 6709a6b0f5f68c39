using System.Security.Cryptography;
using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Protocol.Authorize;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Grants;
using IdentityHost.Protocol.Keys;
using IdentityHost.Revocation;
using Microsoft.Extensions.Options;
using Npgsql;

namespace IdentityHost.Protocol.Tokens;

/// <summary>What a client shows when it comes with a code.</summary>
/// <param name="Code">The code, taken apart.</param>
/// <param name="RedirectUri">The address it names; null where it names none.</param>
/// <param name="CodeChallenge">What its verifier comes to (RFC 7636 §4.6); null where it sent none.</param>
/// <param name="Resource">The one resource server that the token is to be for (RFC 8707 §2.2); null where it names none.</param>
internal sealed record CodeProof(AuthorizationCodeParts Code, string? RedirectUri, string? CodeChallenge, string? Resource);

/// <summary>A code that was taken apart and is ours. What it buys, the row says.</summary>
internal sealed record AuthorizationCodeParts(Guid Id, byte[] Salt);

/// <summary>What a code bought.</summary>
internal sealed record RedeemedCode(Subject Subject, string Scope, string? Nonce, string[] Resources, string? Claims);

/// <summary>
/// Authorization codes (RFC 6749 §4.1.2): written, and used once, each by one statement. The code is derived from its row, so that the form of a
/// request that is posted twice leads to one code, and a dump of the table holds none.
/// </summary>
internal sealed class AuthorizationCodes(
    ServerKey key, GrantRows grants, NpgsqlDataSource database, Revocations revocations, IOptions<TokensOptions> options, IOptions<RevocationOptions> revocation)
{
    /// <summary>Tells people and secret scanners what it is.</summary>
    public const string Prefix = "ih_ac_";

    const int IdLength = 16;
    const int SaltLength = 16;

    // In the order in which everybody locks. A second post of the same form within ten seconds gets the code of the first.
    const string IssueSql =
        """
        WITH person AS MATERIALIZED (SELECT id FROM users WHERE id = $2 AND status AND epoch = $3 FOR SHARE),
        session AS MATERIALIZED (
            SELECT s.id, s.user_id FROM sessions s JOIN person ON person.id = s.user_id
            WHERE s.id = $4 AND s.ended_at IS NULL AND s.expires_at > identity_now() FOR SHARE OF s),
        application AS MATERIALIZED (SELECT a.id FROM applications a, session WHERE a.id = $5 AND a.enabled AND a.epoch = $6 FOR SHARE OF a)
        INSERT INTO authorization_codes (
            id, application_id, session_id, user_id, redirect_uri, redirect_uri_sent, code_challenge, scope, nonce, claims, resources, salt, created_at, expires_at)
        SELECT $1, application.id, session.id, session.user_id, $7, $8, $9, $10, $11, $12, $13, $14, identity_now(), identity_now() + $15
        FROM session, application
        ON CONFLICT (id) DO UPDATE SET id = excluded.id
        WHERE authorization_codes.session_id = excluded.session_id AND authorization_codes.scope = excluded.scope
          AND authorization_codes.used_at IS NULL AND authorization_codes.created_at + interval '10 seconds' > identity_now()
        RETURNING salt
        """;

    // The proofs are part of the statement: a stranger's wrong guess uses nothing up and ends nothing, nor does a wish that the code cannot fulfil.
    // The first who has them all uses the code; whoever comes with them again is a replay.
    static readonly string RedeemSql =
        $"""
        WITH person AS MATERIALIZED (
            SELECT c.session_id, u.id, u.role, u.epoch FROM authorization_codes c JOIN users u ON u.id = c.user_id
            WHERE c.id = $1 AND u.status FOR SHARE OF u),
        session AS MATERIALIZED (
            SELECT s.id, s.expires_at, s.auth_time, s.amr FROM sessions s JOIN person ON s.id = person.session_id
            WHERE s.ended_at IS NULL AND s.expires_at > identity_now() AND s.global_epoch = {Installation.EpochSql} FOR SHARE OF s),
        application AS MATERIALIZED (SELECT a.id FROM applications a, session WHERE a.id = $2 AND a.enabled AND a.epoch = $3 FOR SHARE OF a),
        used AS (
            UPDATE authorization_codes c SET used_at = coalesce(c.used_at, identity_now()), grant_id = coalesce(c.grant_id, $7)
            FROM person, session, application
            WHERE c.id = $1 AND c.application_id = application.id AND c.salt = $4
              AND (c.redirect_uri = $5 OR ($5 IS NULL AND NOT c.redirect_uri_sent)) AND c.code_challenge IS NOT DISTINCT FROM $6
              AND (c.used_at IS NOT NULL
                   OR (c.expires_at > identity_now() AND ($8::text IS NULL OR cardinality(c.resources) = 0 OR $8 = ANY (c.resources))))
            RETURNING c.grant_id, c.user_id, c.scope, c.nonce, c.resources, c.claims, person.role, person.epoch,
                      session.id AS session_id, session.expires_at, session.auth_time, session.amr)
        SELECT grant_id, user_id, epoch, role, session_id, expires_at, auth_time, amr, scope, nonce, resources, claims FROM used
        """;

    // A statement of its own, after the first use has committed: one that had waited for it would not see the grant that it wrote.
    static readonly string EndReplayedSql =
        $"""
        WITH ended AS (UPDATE grants SET ended_at = identity_now() WHERE id = $1 AND ended_at IS NULL RETURNING id),
        revoked AS (
            {Revocations.InsertInto}
            SELECT {(short)RevocationKind.Grant}, $2, NULL, identity_now() + $3 FROM ended)
        {AuditLog.InsertInto} VALUES ('{AuditKinds.CodeReplayed}', NULL, $4, $5, $6, $2)
        """;

    const string WhyNotSql =
        """
        SELECT code_challenge IS NULL, code_challenge IS NOT DISTINCT FROM $4 AND cardinality(resources) > 0, resources FROM authorization_codes
        WHERE id = $1 AND application_id = $2 AND salt = $3 AND used_at IS NULL AND expires_at > identity_now()
        """;

    static ReadOnlySpan<byte> Label => "identityhost authorization code 1\0"u8;

    /// <summary>Makes the code of a request that somebody has agreed to.</summary>
    public async Task<Result<string>> IssueAsync(StoredRequest stored, Subject subject, CancellationToken cancellationToken)
    {
        var (request, client, _) = stored;
        var asked = request.Scope.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (!RequestedScopes.AllowAny(asked, subject.Role))
            return ProtocolError.InvalidScope("This person may have none of the scopes asked for.");
        await using var command = database.CreateCommand(IssueSql);
        var parameters = command.Parameters;
        parameters.Add(Sql.Value(request.Id));
        parameters.Add(Sql.Value(subject.Id));
        parameters.Add(Sql.Value(subject.Epoch));
        parameters.Add(Sql.Value(subject.SessionId));
        parameters.Add(Sql.Value(client.ApplicationId));
        parameters.Add(Sql.Value(client.Epoch));
        parameters.Add(Sql.Value(request.RedirectUri));
        parameters.Add(Sql.Value(request.RedirectUriSent));
        parameters.Add(Sql.Optional(request.CodeChallenge));
        parameters.Add(Sql.Value(string.Join(' ', RequestedScopes.Narrow(asked, subject.Role))));
        parameters.Add(Sql.Optional(request.Nonce));
        parameters.Add(Sql.Optional(request.Claims));
        parameters.Add(Sql.Value(request.Resources));
        parameters.Add(Sql.Value(RandomNumberGenerator.GetBytes(SaltLength)));
        parameters.Add(Sql.Value(options.Value.CodeLifetime));
        return await command.ExecuteScalarAsync(cancellationToken) is byte[] salt
            ? Derive(request.Id, salt)
            : new ProtocolError("access_denied", "The request was answered already, or the sign-in has ended. Begin again.");
    }

    /// <summary>Takes a code apart; null where it is not one that this server made.</summary>
    public AuthorizationCodeParts? Parse(string text)
    {
        Span<byte> body = stackalloc byte[IdLength + SaltLength];
        return DerivedToken.TryRead(key, Prefix, Label, text, body)
            ? new AuthorizationCodeParts(new Guid(body[..IdLength], bigEndian: true), body[IdLength..].ToArray())
            : null;
    }

    /// <summary>Uses a code, and writes the grant that it buys.</summary>
    /// <returns>Null where it does not work (any more); a replay with every proof has by then ended what the first use bought.</returns>
    public async Task<(RedeemedCode Bought, Guid GrantId, byte[] Salt)?> RedeemAsync(
        CodeProof proof, Client client, string address, CancellationToken cancellationToken)
    {
        var batch = new WriteBatch();
        (Guid Grant, RedeemedCode Code)? used = null;
        var made = false;
        var grant = grants.NewRow();
        batch.AddRead(
            RedeemSql,
            row => used = (row.GetGuid(0), Read(row)),
            Sql.Value(proof.Code.Id),
            Sql.Value(client.ApplicationId),
            Sql.Value(client.Epoch),
            Sql.Value(proof.Code.Salt),
            Sql.Optional(proof.RedirectUri),
            Sql.Optional(proof.CodeChallenge),
            Sql.Value(grant.Id),
            Sql.Optional(proof.Resource));
        // The last word: of a batch that was sent once more after a deadlock, the first statement may have read a row that was taken back.
        grants.AddOfCode(batch, client, proof.Code.Id, grant, isMade => made = isMade);
        await batch.ExecuteAsync(database, cancellationToken);
        if (made && used is { } bought && bought.Grant == grant.Id)
            return (bought.Code, grant.Id, grant.Salt);
        if (used is { } replayed && replayed.Grant != grant.Id)
            await EndReplayedAsync(replayed.Grant, replayed.Code.Subject.Id, client, address);
        return null;
    }

    /// <summary>
    /// What the first use of a code bought ends when somebody comes with it and every proof again (RFC 6749 §4.1.2): one of the two has stolen it.
    /// Not given up if the client hangs up.
    /// </summary>
    async Task EndReplayedAsync(Guid grantId, long userId, Client client, string address)
    {
        var batch = new WriteBatch();
        batch.Add(
            EndReplayedSql,
            Sql.Value(grantId),
            Sql.Value(Identifiers.Text(grantId)),
            Sql.Value(revocation.Value.Keep),
            Sql.Value(userId),
            Sql.Value(client.ClientId),
            Sql.Value(address));
        revocations.PublishWith(batch);
        await batch.ExecuteAsync(database, CancellationToken.None);
    }

    /// <summary>
    /// Asked after a refusal only: what the client should be told of a code that it may still use. A verifier for a code that has no challenge
    /// (somebody took it out of the request on its way, RFC 9700 §4.8), or a resource server that was not asked for.
    /// </summary>
    public async Task<ProtocolError?> WhyNotAsync(CodeProof proof, Client client, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(WhyNotSql);
        command.Parameters.Add(Sql.Value(proof.Code.Id));
        command.Parameters.Add(Sql.Value(client.ApplicationId));
        command.Parameters.Add(Sql.Value(proof.Code.Salt));
        command.Parameters.Add(Sql.Optional(proof.CodeChallenge));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        if (!await row.ReadAsync(cancellationToken))
            return null;
        if (proof.CodeChallenge is not null && row.GetBoolean(0))
            return ProtocolError.InvalidRequest("code_verifier is there, but the authorization request had no code_challenge.");
        return proof.Resource is { } resource && row.GetBoolean(1) && !row.GetFieldValue<string[]>(2).Contains(resource)
            ? ProtocolError.InvalidTarget
            : null;
    }

    string Derive(Guid id, ReadOnlySpan<byte> salt)
    {
        Span<byte> body = stackalloc byte[IdLength + SaltLength];
        id.TryWriteBytes(body, bigEndian: true, out _);
        salt.CopyTo(body[IdLength..]);
        return DerivedToken.Write(key, Prefix, Label, body);
    }

    static RedeemedCode Read(NpgsqlDataReader row) => new(
        new Subject(
            row.GetInt64(1),
            row.GetInt32(2),
            (UserRole)row.GetInt16(3),
            row.GetGuid(4),
            SessionExpiresAt: new DateTimeOffset(row.GetDateTime(5)),
            AuthTime: new DateTimeOffset(row.GetDateTime(6)),
            Amr: row.GetString(7)),
        row.GetString(8),
        row.IsDBNull(9) ? null : row.GetString(9),
        row.GetFieldValue<string[]>(10),
        row.IsDBNull(11) ? null : row.GetString(11));
}
