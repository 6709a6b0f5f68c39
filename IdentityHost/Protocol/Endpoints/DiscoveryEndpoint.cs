using System.Buffers;
using System.Text.Json;
using IdentityHost.Protocol.Authorize;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Keys;
using IdentityHost.Protocol.Logout;
using IdentityHost.Protocol.Registration;
using IdentityHost.Protocol.Tokens;
using Microsoft.Extensions.Options;

namespace IdentityHost.Protocol.Endpoints;

/// <summary>
/// The metadata of the server (OpenID Connect Discovery §3, RFC 8414 §2), one document at both well-known paths. What is not implemented is
/// not advertised. The URLs come from the issuer setting, never from the request.
/// </summary>
internal sealed class DiscoveryEndpoint(
    Issuer issuer,
    ScopeCatalog scopes,
    DeclaredApplications applications,
    AlgorithmsInUse algorithms,
    IOptions<RegistrationOptions> registration,
    IOptions<KeysOptions> options)
{
    readonly CachedDocument _document = Write(
        issuer, scopes, applications.GrantTypes, algorithms.IdTokens, json => WritePeople(json, issuer, algorithms, registration.Value));

    readonly string _cacheControl = options.Value.CacheControl;

    public Task HandleAsync(HttpContext context) => _document.WriteAsync(context, _cacheControl);

    static CachedDocument Write(
        Issuer issuer, ScopeCatalog scopes, IReadOnlyList<string> grantTypes, IReadOnlyList<string> idTokenAlgorithms, Action<Utf8JsonWriter> writePeople)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("issuer"u8, issuer.Value);
            json.WriteString("authorization_endpoint"u8, issuer.UrlOf("/connect/authorize"));
            json.WriteString("token_endpoint"u8, issuer.UrlOf("/connect/token"));
            json.WriteString("revocation_endpoint"u8, issuer.UrlOf("/connect/revoke"));
            json.WriteString("introspection_endpoint"u8, issuer.UrlOf("/connect/introspect"));
            json.WriteString("revocation_feed_endpoint"u8, issuer.UrlOf("/connect/revocations"));
            json.WriteString("end_session_endpoint"u8, issuer.UrlOf(EndSessionEndpoint.Path));
            json.WriteBoolean("backchannel_logout_supported"u8, value: true);
            json.WriteBoolean("backchannel_logout_session_supported"u8, value: true);
            json.WriteString("jwks_uri"u8, issuer.UrlOf("/.well-known/jwks"));
            WriteArray(json, "grant_types_supported", grantTypes);
            WriteAuthentication(json, "token", [.. ClientAuthenticationMethods.Proving, ClientAuthenticationMethods.None]);
            WriteAuthentication(json, "revocation", [.. ClientAuthenticationMethods.Proving, ClientAuthenticationMethods.None]);
            WriteAuthentication(json, "introspection", ClientAuthenticationMethods.Proving);
            WriteArray(json, "response_types_supported", ["code"]);
            WriteArray(json, "response_modes_supported", [ResponseModes.Query, ResponseModes.Fragment, ResponseModes.FormPost]);
            WriteArray(json, "code_challenge_methods_supported", ["S256"]);
            WriteArray(json, "prompt_values_supported", Prompts.Known.Order(StringComparer.Ordinal));
            WriteArray(json, "acr_values_supported", [AuthenticationContext.OneFactor]);
            WriteArray(json, "id_token_signing_alg_values_supported", idTokenAlgorithms);
            json.WriteBoolean("authorization_response_iss_parameter_supported"u8, true);
            json.WriteBoolean("request_parameter_supported"u8, false);
            json.WriteBoolean("request_uri_parameter_supported"u8, false);
            WriteArray(json, "ui_locales_supported", ["en", "id"]);
            WriteArray(json, "scopes_supported", scopes.Names);
            writePeople(json);
            json.WriteEndObject();
        }
        return new CachedDocument(buffer.WrittenMemory);
    }

    /// <summary>What applications are told about people, and whether they may register themselves for it.</summary>
    static void WritePeople(Utf8JsonWriter json, Issuer issuer, AlgorithmsInUse algorithms, RegistrationOptions registration)
    {
        json.WriteString("userinfo_endpoint"u8, issuer.UrlOf("/connect/userinfo"));
        if (registration.IsPossible)
            json.WriteString("registration_endpoint"u8, issuer.UrlOf(RegistrationEndpoint.Path));
        WriteArray(json, "subject_types_supported", ["public", "pairwise"]);
        WriteArray(json, "claims_supported", ["sub", .. StandardClaims.Names]);
        json.WriteBoolean("claims_parameter_supported"u8, true);
        WriteArray(json, "userinfo_signing_alg_values_supported", algorithms.IdTokens);
    }

    /// <summary>How clients prove themselves at an endpoint, and what their assertions may be signed with (RFC 8414 §2).</summary>
    static void WriteAuthentication(Utf8JsonWriter json, string endpoint, IEnumerable<string> methods)
    {
        WriteArray(json, $"{endpoint}_endpoint_auth_methods_supported", methods);
        WriteArray(json, $"{endpoint}_endpoint_auth_signing_alg_values_supported", ClientKeySet.Algorithms);
    }

    static void WriteArray(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
            json.WriteStringValue(value);
        json.WriteEndArray();
    }
}

/// <summary><c>GET /.well-known/jwks</c> (RFC 7517 §5): the public halves of the signing keys, of those announced and retired too.</summary>
internal sealed class JwksEndpoint(SigningKeys keys, IOptions<KeysOptions> options)
{
    readonly string _cacheControl = options.Value.CacheControl;

    public Task HandleAsync(HttpContext context) => keys.Jwks.WriteAsync(context, _cacheControl);
}
