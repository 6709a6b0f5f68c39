using System.Buffers;
using System.Text.Json;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Keys;
using IdentityHost.Protocol.Tokens;

namespace IdentityHost.Protocol.Endpoints;

/// <summary>
/// The metadata of the server (OpenID Connect Discovery §3, RFC 8414 §2), one document at both well-known paths. What is not implemented is
/// not advertised. The URLs come from the issuer setting, never from the request.
/// </summary>
internal sealed class DiscoveryEndpoint(Issuer issuer, ScopeCatalog scopes, DeclaredApplications applications)
{
    readonly ReadOnlyMemory<byte> _document = Write(issuer, scopes, applications.GrantTypes);

    public Task HandleAsync(HttpContext context) => CachedJson.WriteAsync(context, _document);

    static ReadOnlyMemory<byte> Write(Issuer issuer, ScopeCatalog scopes, IReadOnlyList<string> grantTypes)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("issuer"u8, issuer.Value);
            json.WriteString("token_endpoint"u8, issuer.UrlOf("/connect/token"));
            json.WriteString("revocation_endpoint"u8, issuer.UrlOf("/connect/revoke"));
            json.WriteString("introspection_endpoint"u8, issuer.UrlOf("/connect/introspect"));
            json.WriteString("jwks_uri"u8, issuer.UrlOf("/.well-known/jwks"));
            WriteArray(json, "grant_types_supported", grantTypes);
            WriteArray(
                json,
                "token_endpoint_auth_methods_supported",
                [ClientAuthenticationMethods.Basic, ClientAuthenticationMethods.Post, ClientAuthenticationMethods.None]);
            WriteArray(json, "revocation_endpoint_auth_methods_supported", [ClientAuthenticationMethods.Basic, ClientAuthenticationMethods.Post, ClientAuthenticationMethods.None]);
            WriteArray(json, "introspection_endpoint_auth_methods_supported", [ClientAuthenticationMethods.Basic, ClientAuthenticationMethods.Post]);
            // RFC 8414 asks for the member; there is no authorization endpoint yet, so no response type works.
            WriteArray(json, "response_types_supported", []);
            WriteArray(json, "scopes_supported", scopes.Names);
            WriteArray(json, "subject_types_supported", ["public"]);
            json.WriteEndObject();
        }
        return buffer.WrittenMemory;
    }

    static void WriteArray(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
            json.WriteStringValue(value);
        json.WriteEndArray();
    }
}

/// <summary><c>GET /.well-known/jwks</c> (RFC 7517 §5): the public halves of the signing keys.</summary>
internal sealed class JwksEndpoint(SigningKeys keys)
{
    public Task HandleAsync(HttpContext context) => CachedJson.WriteAsync(context, keys.Jwks);
}

/// <summary>Bytes that are the same for everybody, for a while.</summary>
internal static class CachedJson
{
    public static Task WriteAsync(HttpContext context, ReadOnlyMemory<byte> document)
    {
        var response = context.Response;
        response.ContentType = "application/json";
        response.ContentLength = document.Length;
        // Five minutes: keys are announced longer than this before they sign.
        response.Headers.CacheControl = "public, max-age=300";
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(document, context.RequestAborted).AsTask();
    }
}
