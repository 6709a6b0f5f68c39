using System.Security.Cryptography;
using IdentityHost.Data;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Tokens;
using Microsoft.Extensions.Options;
using Npgsql;

namespace IdentityHost.Protocol.Grants;

/// <summary>Writes <c>grants</c>, one row for each grant however many tokens come of it, with what its first refresh token is derived from.</summary>
internal sealed class GrantRows(TimeProvider clock, IOptions<TokensOptions> options)
{
    // The session was inserted by an earlier statement of the same transaction, and only if the person was still allowed in.
    // The application's row is locked: one that is being disabled at this moment gets no grant (a plain read would not see it).
    // No grant is an error (a division by zero), so that nothing else of the transaction stands: no session, no changed password, no word
    // in the audit of a sign-in that was refused.
    const string Insert =
        """
        WITH application AS (SELECT id FROM applications WHERE id = $1 AND enabled AND epoch = $2 FOR SHARE),
        made AS (
            INSERT INTO grants (id, session_id, user_id, application_id, scope, salt, created_at, expires_at)
            SELECT $3, s.id, s.user_id, a.id, $4, $7, identity_now(), least(s.expires_at, identity_now() + $5)
            FROM sessions s, application a WHERE s.id = $6 AND s.ended_at IS NULL RETURNING id)
        SELECT 1 / count(*) FROM made
        """;

    /// <summary>Whether a batch failed because person, session or application changed while the password was being checked.</summary>
    public static bool LostToARace(PostgresException e) => e.SqlState == PostgresErrorCodes.DivisionByZero;

    /// <summary>Adds the grant to the statements of the request. Their execution fails with <see cref="LostToARace"/> where the grant may not be made any more.</summary>
    public (Guid Id, byte[] Salt) Add(WriteBatch batch, Client client, Subject subject, IReadOnlyList<string> scopes)
    {
        var id = Identifiers.NewRowId(clock.GetUtcNow());
        var salt = RandomNumberGenerator.GetBytes(RefreshTokens.SaltLength);
        batch.Add(
            Insert,
            Sql.Value(client.ApplicationId),
            Sql.Value(client.Epoch),
            Sql.Value(id),
            Sql.Value(string.Join(' ', scopes)),
            Sql.Value(options.Value.RefreshAbsoluteLifetime),
            Sql.Value(subject.SessionId),
            Sql.Value(salt));
        return (id, salt);
    }
}
