using System.Globalization;
using System.Text.Json;
using IdentityHost.Data;
using IdentityHost.Protocol.Clients;
using IdentityHost.ResourceServer;
using Npgsql;

namespace IdentityHost.Protocol.Tokens;

/// <summary>What a genuine <c>id_token_hint</c> says.</summary>
/// <param name="Client">The application it was issued to.</param>
/// <param name="UserId">Whom it is about; null where the <c>sub</c> is pairwise and the session that would tell is gone.</param>
/// <param name="SessionId">The session it was issued in (<c>sid</c>).</param>
internal sealed record IdTokenHint(Client Client, long? UserId, Guid SessionId);

/// <summary>
/// The one verifier of ID tokens that come back to us as a hint (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2): signed by a key of ours
/// that is still known, issued to an application of ours. One that has expired is as good as before: it proves who was signed in, and buys nothing.
/// </summary>
internal sealed class IdTokenHints(
    Issuer issuer, IAccessTokenKeys keys, Applications applications, SubjectIdentifiers subjects, NpgsqlDataSource database)
{
    /// <summary>In characters: far above what we issue.</summary>
    const int LongestToken = 8 * 1024;

    // Sessions are kept a day after their end.
    const string PersonSql = "SELECT user_id FROM sessions WHERE id = $1";

    /// <summary>Null for everything that is not an ID token of ours, and for one of an application that is unknown or disabled by now.</summary>
    /// <param name="token">As it was sent.</param>
    /// <param name="clientId">The application that the request names beside it: then it must have been issued to that one. Null for none.</param>
    /// <param name="cancellationToken">Stops the look-ups.</param>
    public async Task<IdTokenHint?> VerifyAsync(string token, string? clientId, CancellationToken cancellationToken)
    {
        if (ReadSigned(token) is not { } claims)
            return null;
        using (claims)
        {
            var members = claims.RootElement;
            // exp, iat and sid: a signed userinfo answer has the same typ, and must not be taken for an ID token (RFC 8725 §2.8).
            if (SignedJwt.Text(members, "iss") != issuer.Value || !IsNumber(members, "exp") || !IsNumber(members, "iat")
                || SignedJwt.Text(members, "sub") is not { } subject || SignedJwt.Text(members, "aud") is not { } audience
                || !Guid.TryParseExact(SignedJwt.Text(members, "sid"), "N", out var session) || (clientId is not null && clientId != audience))
                return null;
            if (await applications.FindAsync(audience, cancellationToken) is not { Enabled: true } application)
                return null;
            var client = application.Client;
            return new IdTokenHint(client, await PersonAsync(client, subject, session, cancellationToken), session);
        }
    }

    /// <summary>The payload, once the signature is proved. The header only chooses a key in memory, whose algorithm is the only one it may name.</summary>
    JsonDocument? ReadSigned(string token) =>
        SignedJwt.Read(token, LongestToken) is { KeyId: { } kid } jwt && string.Equals(jwt.Type, "JWT", StringComparison.OrdinalIgnoreCase)
            && keys.TryGet(kid, out var key)
            ? jwt.Open(key)
            : null;

    async ValueTask<long?> PersonAsync(Client client, string subject, Guid session, CancellationToken cancellationToken)
    {
        if (client.SectorIdentifier is null)
            return long.TryParse(subject, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;
        // A pairwise sub leads back to nobody; the session does, and must agree.
        await using var command = database.CreateCommand(PersonSql);
        command.Parameters.Add(Sql.Value(session));
        return await command.ExecuteScalarAsync(cancellationToken) is long person && subjects.For(client, person) == subject ? person : null;
    }

    static bool IsNumber(JsonElement claims, string name) => claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number;
}
