using System.Buffers;
using System.Buffers.Text;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using IdentityHost.Data.Entities;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Keys;
using IdentityHost.Revocation;
using Microsoft.Extensions.Options;

namespace IdentityHost.Protocol.Tokens;

/// <summary>What an access token is to say.</summary>
/// <param name="Client">The application it is issued to.</param>
/// <param name="Scopes">What it allows, in the order granted.</param>
/// <param name="Subject">The person, or null where the application acts for itself.</param>
/// <param name="GrantId">The grant the token hangs on; null for an application's own token.</param>
internal sealed record AccessTokenContent(Client Client, IReadOnlyList<string> Scopes, Subject? Subject, Guid? GrantId);

/// <summary>A signed access token and how long it is good.</summary>
internal readonly record struct IssuedAccessToken(string Token, TimeSpan ExpiresIn);

/// <summary>Writes and signs access tokens (RFC 9068). No lock; the database only where the keys in memory may be old.</summary>
internal sealed class TokenIssuer(
    Issuer issuer, ScopeCatalog scopes, SigningKeyStore keys, AlgorithmsInUse algorithms, RevocationCopy revocations, TimeProvider clock, IOptions<TokensOptions> options)
{
    readonly ImmutableArray<string> _algorithms = algorithms.AccessTokens;

    public async ValueTask<IssuedAccessToken> IssueAsync(AccessTokenContent content, CancellationToken cancellationToken)
    {
        while (true)
        {
            var key = await keys.ForSigningAsync(_algorithms, cancellationToken);
            var now = clock.GetUtcNow();
            // A key that retires or is revoked while it signs must not have signed: then again, by its successor.
            if (TryIssue(content, key, now) is { } issued && keys.IsStillRight(key, _algorithms, now))
                return issued;
        }
    }

    IssuedAccessToken? TryIssue(AccessTokenContent content, SigningKeyHandle key, DateTimeOffset at)
    {
        var now = at.ToUnixTimeSeconds();
        var expires = now + (long)options.Value.AccessTokenLifetime.TotalSeconds;
        if (content.Subject is { } subject)
            // A token must not outlive the session it hangs on.
            expires = Math.Min(expires, subject.SessionExpiresAt.ToUnixTimeSeconds());

        var payload = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(payload))
            WriteClaims(json, content, now, expires);
        return TrySign(key, payload.WrittenSpan) is { } token ? new IssuedAccessToken(token, TimeSpan.FromSeconds(expires - now)) : null;
    }

    /// <summary>RFC 9068 §2.2, and ours: <c>gid</c> (grant), <c>uep</c>, <c>aep</c> and <c>gep</c> (the epochs of user, application and database).</summary>
    void WriteClaims(Utf8JsonWriter json, AccessTokenContent content, long now, long expires)
    {
        json.WriteStartObject();
        json.WriteString("iss"u8, issuer.Value);
        WriteAudience(json, scopes.AudiencesOf(content.Scopes));
        if (content.Subject is { } subject)
        {
            Span<char> id = stackalloc char[20];
            subject.Id.TryFormat(id, out var length, provider: System.Globalization.CultureInfo.InvariantCulture);
            json.WriteString("sub"u8, id[..length]);
            json.WriteString("sid"u8, Identifiers.Text(subject.SessionId));
            json.WriteNumber("uep"u8, subject.Epoch);
        }
        else
        {
            // Never all digits (see ApplicationOptions), so it cannot be taken for a person's.
            json.WriteString("sub"u8, content.Client.ClientId);
        }
        if (content.GrantId is { } grant)
            json.WriteString("gid"u8, Identifiers.Text(grant));
        json.WriteString("client_id"u8, content.Client.ClientId);
        json.WriteNumber("aep"u8, content.Client.Epoch);
        json.WriteNumber("gep"u8, revocations.GlobalEpoch);
        json.WriteString("scope"u8, string.Join(' ', content.Scopes));
        if (content.Subject is { } person && content.Scopes.Contains(ScopeCatalog.Roles))
        {
            json.WriteStartArray("roles"u8);
            json.WriteStringValue(person.Role == UserRole.Admin ? "ADMIN"u8 : "USER"u8);
            json.WriteEndArray();
        }
        json.WriteNumber("iat"u8, now);
        json.WriteNumber("exp"u8, expires);
        json.WriteString("jti"u8, Identifiers.NewTokenId());
        json.WriteEndObject();
    }

    static void WriteAudience(Utf8JsonWriter json, IReadOnlyList<string> audiences)
    {
        if (audiences.Count == 1)
        {
            json.WriteString("aud"u8, audiences[0]);
            return;
        }
        json.WriteStartArray("aud"u8);
        foreach (var audience in audiences)
            json.WriteStringValue(audience);
        json.WriteEndArray();
    }

    /// <summary>RFC 7515 §3.1: header, payload and signature in base64url, joined by dots. Null if the key was taken away.</summary>
    static string? TrySign(SigningKeyHandle key, ReadOnlySpan<byte> payload)
    {
        var header = key.Header.Span;
        var signedLength = header.Length + 1 + Base64Url.GetEncodedLength(payload.Length);
        var length = signedLength + 1 + Base64Url.GetEncodedLength(key.SignatureLength);
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            header.CopyTo(buffer);
            buffer[header.Length] = (byte)'.';
            Base64Url.EncodeToUtf8(payload, buffer.AsSpan(header.Length + 1));
            Span<byte> longest = stackalloc byte[SigningKeyHandle.LongestSignature];
            var signature = longest[..key.SignatureLength];
            if (!key.TrySign(buffer.AsSpan(0, signedLength), signature))
                return null;
            buffer[signedLength] = (byte)'.';
            Base64Url.EncodeToUtf8(signature, buffer.AsSpan(signedLength + 1));
            return Encoding.ASCII.GetString(buffer, 0, length);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
