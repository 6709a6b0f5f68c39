using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using IdentityHost.Data;
using IdentityHost.Protocol.Endpoints;
using IdentityHost.Protocol.Tokens;
using Npgsql;

namespace IdentityHost.Protocol.Clients;

/// <summary>
/// <c>private_key_jwt</c> (OpenID Connect Core §9, RFC 7523 §2.2 and §3): an application proves itself by a JWT that one of its keys signed. It is for
/// this issuer and nobody else: of its audience only the issuer's own name is taken, alone and as a string (draft-ietf-oauth-rfc7523bis), since
/// an assertion that is also for another server could be played on by it. It is used once, whichever node it meets.
/// </summary>
internal sealed class ClientAssertions(
    Applications applications, FetchedKeys fetchedKeys, Issuer issuer, NpgsqlDataSource database, TimeProvider clock)
{
    /// <summary>The <c>client_assertion_type</c> (RFC 7523 §2.2).</summary>
    public const string Type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    /// <summary>Without regard to case (RFC 7515 §4.1.9).</summary>
    static readonly FrozenSet<string> Types = FrozenSet.Create(StringComparer.OrdinalIgnoreCase, "JWT", "client-authentication+jwt");

    /// <summary>In characters.</summary>
    const int LongestAssertion = 8 * 1024;

    const int LongestId = 256;

    /// <summary>Clocks differ.</summary>
    static readonly TimeSpan Skew = TimeSpan.FromMinutes(1);

    /// <summary>From now on. Some libraries write an hour; what lives longer is a password in another form.</summary>
    static readonly TimeSpan LongestLife = TimeSpan.FromHours(1);

    /// <summary>Each that was used is a row until it ends, and anybody may have registered these applications.</summary>
    static readonly TimeSpan LongestOfStrangers = TimeSpan.FromMinutes(10);

    // Not if the application was changed or disabled since it was read: the keys of some are fetched meanwhile, which takes its time.
    const string UseSql =
        """
        INSERT INTO used_assertions (key, expires_at)
        SELECT $1, $2 FROM applications WHERE id = $3 AND enabled AND updated_at = $4 ON CONFLICT DO NOTHING
        """;

    /// <summary>The client that proved itself. One answer for every failure; the reason is for the log.</summary>
    public async Task<Result<Client>> AuthenticateAsync(FormParameters form, CancellationToken cancellationToken)
    {
        if (form["client_assertion_type"] != Type || form["client_assertion"] is not { } text)
            return ProtocolError.InvalidRequest($"client_assertion needs the client_assertion_type {Type}.");
        if (SignedJwt.Read(text, LongestAssertion) is not { BringsKey: false } assertion)
            return ProtocolError.InvalidClient("the assertion is no signed JWT, or brings its own key");
        // A token of another kind that the application's key signed is no assertion (RFC 8725 §3.11).
        if (assertion.Type is { } type && !Types.Contains(type))
            return ProtocolError.InvalidClient("the assertion's typ says that it is something else");
        var id = IdOf(assertion);
        if (id is null || id != (form["client_id"] ?? id))
            return ProtocolError.InvalidClient("the assertion's sub is no client_id, or not the one of the request");

        var kept = applications.FindKept(id);
        var reason = kept is null ? "" : await TakeAsync(assertion, kept, cancellationToken);
        if (kept is not null && reason is null)
            return kept.Client;
        // A refusal is judged by the row, never by the copy in memory: that may be a moment old.
        if (await applications.ReadAsync(id, cancellationToken) is not { } application)
            return ProtocolError.InvalidClient("unknown client");
        if (kept?.UpdatedAt != application.UpdatedAt)
            reason = await TakeAsync(assertion, application, cancellationToken);
        return reason is null ? application.Client : ProtocolError.InvalidClient($"{application.Client.ClientId}: {reason}");
    }

    /// <summary>Why not; null where it proves the application, and is used up by that.</summary>
    async ValueTask<string?> TakeAsync(SignedJwt assertion, StoredApplication application, CancellationToken cancellationToken)
    {
        if (application.AuthenticationMethod != ClientAuthenticationMethods.PrivateKeyJwt || !applications.MayAct(application))
            return "it must authenticate in another way, or is disabled";
        var key = application.JwksUri is { } address
            ? await fetchedKeys.FindAsync(address, application.AssertionAlgorithm, assertion.KeyId, assertion.Algorithm, cancellationToken)
            : application.Keys?.Find(assertion.KeyId, assertion.Algorithm);
        if (key is null)
            return "it has no key of that kid and alg, or several where the header names none";
        using var claims = assertion.Open(key);
        return claims is null ? "the signature is wrong"
            : Fault(claims.RootElement, application.Client, out var id, out var until)
            ?? (await UseAsync(application, id, until) ? null : "the assertion was used before");
    }

    /// <summary>What is wrong with the claims (RFC 7523 §3); null for nothing.</summary>
    string? Fault(JsonElement claims, Client client, out string id, out DateTimeOffset until)
    {
        (id, until) = (SignedJwt.Text(claims, "jti") ?? "", default);
        if (SignedJwt.Text(claims, "iss") != client.ClientId || SignedJwt.Text(claims, "sub") != client.ClientId)
            return "iss and sub must both be the client_id";
        if (SignedJwt.Text(claims, "aud") != issuer.Value)
            return "aud must be the issuer, as a string";
        if (id.Length is 0 or > LongestId)
            return "jti is missing or longer than 256 characters";
        var now = clock.GetUtcNow();
        if (Time(claims, "exp") is not { } expires || expires + Skew <= now || expires > now + (client.IsUntrusted ? LongestOfStrangers : LongestLife) + Skew)
            return "exp is missing, over, or too far away";
        until = expires + Skew;
        return IsFuture(claims, "nbf", now) || IsFuture(claims, "iat", now) ? "nbf or iat lies in the future, or is no time" : null;
    }

    /// <summary>The one statement that takes it: the second, and all but one of those that come at once, get nothing.</summary>
    async Task<bool> UseAsync(StoredApplication application, string id, DateTimeOffset until)
    {
        await using var command = database.CreateCommand(UseSql);
        command.Parameters.Add(Sql.Value(SHA256.HashData(Encoding.UTF8.GetBytes($"{application.Client.ClientId}\n{id}"))));
        command.Parameters.Add(Sql.Value(until.UtcDateTime));
        command.Parameters.Add(Sql.Value(application.Client.ApplicationId));
        command.Parameters.Add(Sql.Value(application.UpdatedAt));
        // Not cancelled half-way: hanging up must not leave open whether it was used.
        return await command.ExecuteNonQueryAsync(CancellationToken.None) == 1;
    }

    static string? IdOf(SignedJwt assertion)
    {
        using var claims = assertion.Peek();
        return claims is not null && SignedJwt.Text(claims.RootElement, "sub") is { Length: > 0 and <= LongestId } id && !id.Contains('\0', StringComparison.Ordinal) ? id : null;
    }

    static bool IsFuture(JsonElement claims, string name, DateTimeOffset now) =>
        claims.TryGetProperty(name, out _) && !(Time(claims, name) <= now + Skew);

    /// <summary>A NumericDate (RFC 7519 §2), of seconds or fractions; null for anything that is no time of this age.</summary>
    static DateTimeOffset? Time(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds)
            && seconds is > 0 and < 32_503_680_000
            ? DateTimeOffset.UnixEpoch.AddSeconds(seconds)
            : null;
}
