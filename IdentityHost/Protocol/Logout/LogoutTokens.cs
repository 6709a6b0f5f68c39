using System.Text.Json;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Keys;
using IdentityHost.Protocol.Tokens;

namespace IdentityHost.Protocol.Logout;

/// <summary>Writes logout tokens (OpenID Connect Back-Channel Logout §2.4): signed like the application's ID tokens, and never to be taken for one.</summary>
internal sealed class LogoutTokens(Issuer issuer, JwtSigner signer, SubjectIdentifiers subjects)
{
    /// <summary>The longest that §4 recommends: a retry gets a new one.</summary>
    static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(2);

    public ValueTask<string> IssueAsync(Client client, DueLogout logout, CancellationToken cancellationToken) => signer.SignAsync(
        [client.IdTokenAlgorithm],
        JwtType.LogoutToken,
        (Tokens: this, Client: client, Logout: logout),
        static (json, state, now) => state.Tokens.WriteClaims(json, state.Client, state.Logout, now),
        cancellationToken);

    void WriteClaims(Utf8JsonWriter json, Client client, DueLogout logout, DateTimeOffset now)
    {
        json.WriteString("iss"u8, issuer.Value);
        json.WriteString("sub"u8, subjects.For(client, logout.UserId));
        json.WriteString("aud"u8, client.ClientId);
        json.WriteNumber("iat"u8, now.ToUnixTimeSeconds());
        json.WriteNumber("exp"u8, (now + Lifetime).ToUnixTimeSeconds());
        json.WriteString("jti"u8, logout.TokenId);
        json.WriteString("sid"u8, Identifiers.Text(logout.SessionId));
        json.WriteStartObject("events"u8);
        json.WriteStartObject("http://schemas.openid.net/event/backchannel-logout"u8);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
