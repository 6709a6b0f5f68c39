using System.Text.Json;
using System.Text.Json.Nodes;
using IdentityHost.Protocol.Endpoints;

namespace IdentityHost.Protocol.Registration;

/// <summary>Writes the client information response (RFC 7591 §3.2.1, RFC 7592 §3).</summary>
internal static class RegistrationAnswer
{
    /// <param name="response">The answer.</param>
    /// <param name="issuer">Where the registration is managed.</param>
    /// <param name="client">The application's id and when it was given.</param>
    /// <param name="told">Its metadata.</param>
    /// <param name="token">The registration access token, which the caller has or is given now.</param>
    /// <param name="secret">A secret that was made now; null where there is none, or where it was told before: only its hash is kept.</param>
    public static Task WriteAsync(
        HttpResponse response, Issuer issuer, (string ClientId, DateTimeOffset IssuedAt) client, JsonObject told, string token, string? secret) =>
        JsonAnswer.WriteAsync(response, json =>
        {
            json.WriteString("client_id"u8, client.ClientId);
            json.WriteNumber("client_id_issued_at"u8, client.IssuedAt.ToUnixTimeSeconds());
            if (secret is not null)
            {
                json.WriteString("client_secret"u8, secret);
                // Never (§3.2.1).
                json.WriteNumber("client_secret_expires_at"u8, 0);
            }
            json.WriteString("registration_access_token"u8, token);
            json.WriteString("registration_client_uri"u8, issuer.UrlOf($"{RegistrationEndpoint.Path}/{client.ClientId}"));
            foreach (var (name, value) in told)
            {
                json.WritePropertyName(name);
                if (value is null)
                    json.WriteNullValue();
                else
                    value.WriteTo(json, JsonSerializerOptions.Default);
            }
        });
}
