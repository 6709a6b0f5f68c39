using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using IdentityHost.Data;
using IdentityHost.Protocol.Endpoints;
using IdentityHost.Protocol.Tokens;
using IdentityHost.ResourceServer;
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

    /// <summary>In characters.</summary>
    const int LongestAssertion = 8 * 1024;

    const int LongestId = 256;

    /// <summary>Clocks differ.</summary>
    static readonly TimeSpan Skew = TimeSpan.FromMinutes(1);

    /// <summary>From now on. Some libraries write an hour; what lives longer is a password in another form.</summary>
    static readonly TimeSpan LongestLife = TimeSpan.FromHours(1) + Skew;

    const string UseSql = "INSERT INTO used_assertions (key, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";

    /// <summary>The client that proved itself. One answer for every failure; the reason is for the log.</summary>
    public async Task<Result<Client>> AuthenticateAsync(FormParameters form, CancellationToken cancellationToken)
    {
        if (form["client_assertion_type"] != Type || form["client_assertion"] is not { } text)
            return ProtocolError.InvalidRequest($"client_assertion needs the client_assertion_type {Type}.");
        if (SignedJwt.Read(text, LongestAssertion) is not { BringsKey: false } assertion)
            return ProtocolError.InvalidClient("the assertion is no signed JWT, or brings its own key");
        // A token of another kind that the application's key signed is no assertion (RFC 8725 §3.11).
        if (assertion.Type is not (null or "JWT" or "client-authentication+jwt"))
            return ProtocolError.InvalidClient($"the assertion's typ says that it is something else");
        var id = IdOf(assertion);
        if (id is null || id != (form["client_id"] ?? id))
            return ProtocolError.InvalidClient("the assertion's sub is no client_id, or not the one of the request");

        var kept = applications.FindKept(id);
        var verdict = kept is null ? default : await VerifyAsync(assertion, kept, cancellationToken);
        if (kept is not null && verdict.Reason is null)
            return await UseAsync(kept.Client, verdict);
        // A refusal is judged by the row: the copy in memory may be a moment old.
        if (await applications.ReadAsync(id, cancellationToken) is not { } application)
            return ProtocolError.InvalidClient("unknown client");
        // But its keys are not fetched a second time for it.
        if (kept is null || !HasSameAddress(kept, application))
            verdict = await VerifyAsync(assertion, application, cancellationToken);
        return verdict.Reason is { } reason ? ProtocolError.InvalidClient($"{application.Client.ClientId}: {reason}") : await UseAsync(application.Client, verdict);
    }

    static bool HasSameAddress(StoredApplication kept, StoredApplication row) =>
        row.JwksUri is not null
        && (kept.JwksUri, kept.AssertionAlgorithm, kept.AuthenticationMethod, kept.Enabled) == (row.JwksUri, row.AssertionAlgorithm, row.AuthenticationMethod, row.Enabled);

    async ValueTask<Verdict> VerifyAsync(SignedJwt assertion, StoredApplication application, CancellationToken cancellationToken)
    {
        if (application.AuthenticationMethod != ClientAuthenticationMethods.PrivateKeyJwt || !applications.MayAct(application))
            return new("it must authenticate in another way, or is disabled");
        var key = application.JwksUri is { } address
            ? await fetchedKeys.FindAsync(address, application.AssertionAlgorithm, assertion.KeyId, assertion.Algorithm, cancellationToken)
            : application.Keys?.Find(assertion.KeyId, assertion.Algorithm);
        if (key is null)
            return new("it has no key of that kid and alg, or several where the header names none");
        using var claims = assertion.Open(key);
        return claims is null ? new("the signature is wrong") : Judge(claims.RootElement, application.Client.ClientId);
    }

    Verdict Judge(JsonElement claims, string clientId)
    {
        if (SignedJwt.Text(claims, "iss") != clientId || SignedJwt.Text(claims, "sub") != clientId)
            return new("iss and sub must both be the client_id");
        if (SignedJwt.Text(claims, "aud") != issuer.Value)
            return new("aud must be the issuer, as a string");
        if (SignedJwt.Text(claims, "jti") is not { Length: > 0 and <= LongestId } id)
            return new("jti is missing or longer than 256 characters");
        var now = clock.GetUtcNow();
        if (Time(claims, "exp") is not { } expires || expires + Skew <= now || expires > now + LongestLife)
            return new("exp is missing, over, or more than an hour away");
        return IsFuture(claims, "nbf", now) || IsFuture(claims, "iat", now)
            ? new("nbf or iat lies in the future, or is no time")
            : new Verdict(null, id, expires + Skew);
    }

    /// <summary>The one statement that takes it: the second, and all but one of those that come at once, get nothing.</summary>
    async Task<Result<Client>> UseAsync(Client client, Verdict verdict)
    {
        await using var command = database.CreateCommand(UseSql);
        command.Parameters.Add(Sql.Value(SHA256.HashData(Encoding.UTF8.GetBytes($"{client.ClientId}\n{verdict.Id}"))));
        command.Parameters.Add(Sql.Value(verdict.Until.UtcDateTime));
        // Not cancelled half-way: hanging up must not leave open whether it was used.
        return await command.ExecuteNonQueryAsync(CancellationToken.None) == 1
            ? client
            : ProtocolError.InvalidClient($"{client.ClientId}: the assertion was used before");
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

    /// <summary>Why not; null where it may be used, once, until then.</summary>
    readonly record struct Verdict(string? Reason, string Id = "", DateTimeOffset Until = default);
}
