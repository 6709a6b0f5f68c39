using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Keys;
using Microsoft.Extensions.Options;

namespace IdentityHost.Protocol.Tokens;

/// <summary>What an ID token is to say beside who it is about.</summary>
/// <param name="Client">The application it is for.</param>
/// <param name="Subject">The person.</param>
/// <param name="AccessToken">The access token beside it, for <c>at_hash</c>.</param>
/// <param name="Nonce">Of the authorization request; null where there was none.</param>
/// <param name="GrantedAt">When the grant was made: a later <c>auth_time</c> is not that of the original authentication (OpenID Connect Core §12.2) and is left out.</param>
internal sealed record IdTokenContent(Client Client, Subject Subject, string AccessToken, string? Nonce, DateTimeOffset? GrantedAt)
{
    /// <summary>The <c>claims</c> parameter that the grant began with (OpenID Connect Core §5.5); null for none.</summary>
    public string? Claims { get; init; }
}

/// <summary>
/// Writes ID tokens (OpenID Connect Core §2). What people are called and look like is asked of the userinfo endpoint, unless the request
/// asked for it here by name; only then is it read.
/// </summary>
internal sealed class IdTokens(Issuer issuer, JwtSigner signer, SubjectIdentifiers subjects, ISubjectClaims people, ClaimRequests requests, IOptions<TokensOptions> options)
{
    public async ValueTask<string> IssueAsync(IdTokenContent content, CancellationToken cancellationToken)
    {
        var requested = await requests.OfIdTokenAsync(content.Claims, content.Client, content.Subject.Id, cancellationToken);
        var person = requested.IsEmpty ? null : await people.FindAsync(content.Subject.Id, cancellationToken);
        return await signer.SignAsync(
            [content.Client.IdTokenAlgorithm],
            JwtType.Plain,
            (Tokens: this, Content: content, Requested: requested, Person: person),
            static (json, state, now) =>
            {
                state.Tokens.WriteClaims(json, state.Content, now);
                if (state.Person is { } person)
                    StandardClaims.Write(json, person, state.Requested.Includes);
            },
            cancellationToken);
    }

    void WriteClaims(Utf8JsonWriter json, IdTokenContent content, DateTimeOffset now)
    {
        var subject = content.Subject;
        json.WriteString("iss"u8, issuer.Value);
        json.WriteString("sub"u8, subjects.For(content.Client, subject.Id));
        json.WriteString("aud"u8, content.Client.ClientId);
        json.WriteNumber("iat"u8, now.ToUnixTimeSeconds());
        json.WriteNumber("exp"u8, (now + options.Value.AccessTokenLifetime).ToUnixTimeSeconds());
        if (content.GrantedAt is not { } granted || subject.AuthTime <= granted)
            json.WriteNumber("auth_time"u8, subject.AuthTime.ToUnixTimeSeconds());
        if (content.Nonce is not null)
            json.WriteString("nonce"u8, content.Nonce);
        json.WriteString("sid"u8, Identifiers.Text(subject.SessionId));
        json.WriteString("acr"u8, AuthenticationContext.OneFactor);
        json.WriteStartArray("amr"u8);
        foreach (var method in subject.Amr.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            json.WriteStringValue(method);
        json.WriteEndArray();
        json.WriteString("at_hash"u8, HashOf(content.AccessToken));
    }

    /// <summary>OpenID Connect Core §3.1.3.6: the left half of the hash that belongs to the signature's algorithm; SHA-256 for both that we have.</summary>
    static string HashOf(string accessToken)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.ASCII.GetBytes(accessToken), hash);
        return Base64Url.EncodeToString(hash[..(SHA256.HashSizeInBytes / 2)]);
    }
}

/// <summary><c>acr</c> values (OpenID Connect Core §2): how much a sign-in proves. There is one way so far: one factor.</summary>
internal static class AuthenticationContext
{
    /// <summary>One factor: a password, or another provider's word.</summary>
    public const string OneFactor = "urn:identityhost:acr:1";
}
