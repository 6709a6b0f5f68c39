using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.ResourceServer;
using Npgsql;

namespace IdentityHost.Revocation;

/// <summary>
/// Asks the database whether a token was revoked: one statement by index, for each request, while the node's copy of the feed may be old.
/// Judges as <see cref="RevocationCopy.IsRevoked"/> does.
/// </summary>
internal sealed class DatabaseRevocations(NpgsqlDataSource database)
{
    static readonly string Query =
        $"""
        SELECT EXISTS (
            SELECT 1 FROM revocations
            WHERE key = ANY ($1) AND (
                (kind = {(short)RevocationKind.Token} AND key = $2)
                OR (kind = {(short)RevocationKind.Grant} AND key = $3)
                OR (kind = {(short)RevocationKind.Session} AND key = $4)
                OR (kind IN ({(short)RevocationKind.User}, {(short)RevocationKind.UserAccess}) AND key = $5 AND epoch > $6)
                OR (kind = {(short)RevocationKind.Application} AND key = $7 AND epoch > $8)
                OR (kind = {(short)RevocationKind.Key} AND key = $9)))
            OR $10 IS DISTINCT FROM {Installation.EpochSql}
        """;

    public async ValueTask<bool> IsRevokedAsync(AccessToken token, CancellationToken cancellationToken)
    {
        var grant = token.GrantId ?? "";
        var session = token.SessionId ?? "";
        // Only a person's token has a user epoch; a client's sub is no user's id.
        var user = token.UserEpoch is null ? "" : token.Subject;
        await using var command = database.CreateCommand(Query);
        var parameters = command.Parameters;
        parameters.Add(Sql.Value<string[]>([token.TokenId, grant, session, user, token.ClientId, token.KeyId]));
        parameters.Add(Sql.Value(token.TokenId));
        parameters.Add(Sql.Value(grant));
        parameters.Add(Sql.Value(session));
        parameters.Add(Sql.Value(user));
        parameters.Add(Sql.Value(token.UserEpoch ?? 0));
        parameters.Add(Sql.Value(token.ClientId));
        parameters.Add(Sql.Value(token.ApplicationEpoch));
        parameters.Add(Sql.Value(token.KeyId));
        parameters.Add(Sql.Value(token.GlobalEpoch));
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
