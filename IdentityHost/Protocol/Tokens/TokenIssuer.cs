using System.Collections.Immutable;
using System.Globalization;
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
/// <param name="Audiences">Who is to accept it.</param>
internal sealed record AccessTokenContent(
    Client Client, IReadOnlyList<string> Scopes, Subject? Subject, Guid? GrantId, IReadOnlyList<string> Audiences);

/// <summary>A signed access token and how long it is good.</summary>
internal readonly record struct IssuedAccessToken(string Token, TimeSpan ExpiresIn);

/// <summary>Writes access tokens (RFC 9068).</summary>
internal sealed class TokenIssuer(
    Issuer issuer, JwtSigner signer, AlgorithmsInUse algorithms, RevocationCopy revocations, IOptions<TokensOptions> options)
{
    readonly ImmutableArray<string> _algorithms = algorithms.AccessTokens;

    public async ValueTask<IssuedAccessToken> IssueAsync(AccessTokenContent content, CancellationToken cancellationToken)
    {
        var lifetime = new Lifetime();
        var token = await signer.SignAsync(
            _algorithms, JwtType.AccessToken, (Issuer: this, Content: content, Lifetime: lifetime), static (json, s, now) => s.Issuer.WriteClaims(json, s.Content, s.Lifetime, now), cancellationToken);
        return new IssuedAccessToken(token, TimeSpan.FromSeconds(lifetime.Seconds));
    }

    /// <summary>RFC 9068 §2.2, and ours: <c>gid</c> (grant), <c>uep</c>, <c>aep</c> and <c>gep</c> (the epochs of user, application and database).</summary>
    void WriteClaims(Utf8JsonWriter json, AccessTokenContent content, Lifetime lifetime, DateTimeOffset at)
    {
        var now = at.ToUnixTimeSeconds();
        var expires = now + (long)options.Value.AccessTokenLifetime.TotalSeconds;
        if (content.Subject is { } owner)
            // A token must not outlive the session it hangs on.
            expires = Math.Min(expires, owner.SessionExpiresAt.ToUnixTimeSeconds());
        lifetime.Seconds = expires - now;

        json.WriteString("iss"u8, issuer.Value);
        WriteAudience(json, content.Audiences);
        if (content.Subject is { } subject)
        {
            Span<char> id = stackalloc char[20];
            subject.Id.TryFormat(id, out var length, provider: CultureInfo.InvariantCulture);
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
            json.WriteStringValue(UserRoles.NameOf(person.Role));
            json.WriteEndArray();
        }
        json.WriteNumber("iat"u8, now);
        json.WriteNumber("exp"u8, expires);
        json.WriteString("jti"u8, Identifiers.NewTokenId());
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

    /// <summary>What was written is known only once the token is signed.</summary>
    sealed class Lifetime
    {
        public long Seconds { get; set; }
    }
}
