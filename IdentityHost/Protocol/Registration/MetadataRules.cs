using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json.Nodes;
using IdentityHost.Protocol.Authorize;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Keys;
using IdentityHost.Protocol.Tokens;

namespace IdentityHost.Protocol.Registration;

/// <summary>
/// Which metadata is taken (RFC 7591 §2, OpenID Connect Dynamic Client Registration §2). What an application may not have (a grant type, a
/// response type, a scope) is left out, and the answer says so; where nothing usable remains, and where an address or an algorithm is not as it
/// must be, the registration is refused. Nothing here is fetched.
/// </summary>
internal sealed class MetadataRules(AlgorithmsInUse algorithms, Egress egress, IHostEnvironment environment)
{
    /// <summary>The most addresses of one kind.</summary>
    const int MostUris = 20;

    const int MostValues = 50;

    /// <summary>Never those that manage others: whoever registers an application is not its operator.</summary>
    static readonly FrozenSet<string> ScopesToHave = FrozenSet.Create(
        ScopeCatalog.OpenId, ScopeCatalog.Profile, ScopeCatalog.Email, ScopeCatalog.Phone, ScopeCatalog.Address, ScopeCatalog.OfflineAccess, ScopeCatalog.UsersSelf);

    static readonly ImmutableArray<string> UsualScopes =
        [ScopeCatalog.OpenId, ScopeCatalog.Profile, ScopeCatalog.Email, ScopeCatalog.Phone, ScopeCatalog.Address];

    static readonly FrozenSet<string> Methods =
        FrozenSet.Create(ClientAuthenticationMethods.None, ClientAuthenticationMethods.Basic, ClientAuthenticationMethods.Post, ClientAuthenticationMethods.PrivateKeyJwt);

    /// <summary>The metadata that holds from now on, or the first thing that is wrong.</summary>
    /// <param name="sent">What was sent.</param>
    /// <param name="trusted">Whether it came with an initial access token: only such an application may act for itself.</param>
    public Result<ClientMetadata> Read(MetadataDocument sent, bool trusted)
    {
        var told = new JsonObject();
        var method = sent.Text("token_endpoint_auth_method") ?? ClientAuthenticationMethods.Basic;
        if (!Methods.Contains(method))
            sent.Refuse("token_endpoint_auth_method must be client_secret_basic, client_secret_post, private_key_jwt or none.");
        var grantTypes = GrantTypes(sent, trusted && method != ClientAuthenticationMethods.None);
        var redirectUris = RedirectUris(sent, required: grantTypes.Contains(GrantTypeNames.AuthorizationCode));
        var type = sent.Text("application_type") ?? "web";
        if (type is not ("web" or "native"))
            sent.Refuse("application_type must be web or native.");
        var addresses = new AddressRules(redirectUris, environment.IsDevelopment(), egress);
        var assertions = method == ClientAuthenticationMethods.PrivateKeyJwt;
        var metadata = new ClientMetadata
        {
            AuthenticationMethod = method,
            AssertionAlgorithm = assertions ? sent.Text("token_endpoint_auth_signing_alg") : null,
            GrantTypes = grantTypes,
            Scopes = Scopes(sent, grantTypes),
            RedirectUris = redirectUris,
            PostLogoutRedirectUris = AddressRules.AfterLogout(sent, MostUris),
            AllowedOrigins = type == "web" && method == ClientAuthenticationMethods.None ? addresses.Origins() : [],
            Name = DisplayText.Name(sent, told),
            BackchannelLogoutUri = addresses.Backchannel(sent),
            IdTokenAlgorithm = Algorithm(sent, "id_token_signed_response_alg") ?? algorithms.IdTokens[0],
            UserinfoAlgorithm = Algorithm(sent, "userinfo_signed_response_alg"),
            SectorIdentifierUri = addresses.SectorIdentifierUri(sent),
            SectorIdentifier = addresses.Sector(sent),
            Jwks = KeySet.Read(sent),
            JwksUri = assertions ? addresses.JwksUri(sent) : null,
            DefaultMaxAge = sent.Number("default_max_age"),
            Told = told,
        };
        if (assertions)
            KeySet.CheckForAssertions(sent, metadata.Jwks, metadata.JwksUri, metadata.AssertionAlgorithm);
        DisplayText.Uris(sent, told, addresses);
        Tell(sent, metadata, type);
        return sent.Fault is { } fault ? fault : metadata;
    }

    static string[] GrantTypes(MetadataDocument sent, bool mayActForItself)
    {
        var asked = sent.Texts("grant_types", MostValues) ?? [GrantTypeNames.AuthorizationCode];
        var usesCode = asked.Contains(GrantTypeNames.AuthorizationCode);
        string[] granted =
        [
            .. asked.Where(g => g switch
            {
                GrantTypeNames.AuthorizationCode => true,
                GrantTypeNames.RefreshToken => usesCode,
                GrantTypeNames.ClientCredentials => mayActForItself,
                _ => false,
            }),
        ];
        if (granted.Length == 0)
            sent.Refuse("grant_types must name authorization_code: of those asked for, this application may have none.");
        // The two must fit together (RFC 7591 §2.1).
        if (usesCode && sent.Texts("response_types", MostValues) is { } types && !types.Contains("code"))
            sent.Refuse("response_types must name code: there is no other.");
        return granted;
    }

    static string[] RedirectUris(MetadataDocument sent, bool required)
    {
        var uris = sent.Texts("redirect_uris", MostUris) ?? [];
        if (required && uris.Length == 0)
            sent.Refuse(InvalidRedirectUri("redirect_uris is missing."));
        if (uris.Select(RedirectUriRules.Fault).FirstOrDefault(fault => fault is not null) is { } wrong)
        {
            sent.Refuse(InvalidRedirectUri(
                "A redirect URI must be https, http on this machine, or a private scheme with a dot; without fragment, wildcard, dot segments and spaces.") with
            {
                Detail = wrong,
            });
            return [];
        }
        return uris;
    }

    static string[] Scopes(MetadataDocument sent, string[] grantTypes)
    {
        if (sent.Text("scope") is not { } asked)
            return grantTypes.Contains(GrantTypeNames.RefreshToken) ? [.. UsualScopes, ScopeCatalog.OfflineAccess] : [.. UsualScopes];
        string[] granted = [.. asked.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(ScopesToHave.Contains).Distinct(StringComparer.Ordinal)];
        if (granted.Length == 0)
            sent.Refuse("scope names none that this application may have.");
        return granted;
    }

    string? Algorithm(MetadataDocument sent, string name)
    {
        if (sent.Text(name) is not { } algorithm || algorithms.IdTokens.Contains(algorithm))
            return sent.Text(name);
        sent.Refuse($"{name} must be one that discovery names.");
        return null;
    }

    /// <summary>What holds, in the words of the specification. What is ignored is not repeated, so that the application can tell.</summary>
    static void Tell(MetadataDocument sent, ClientMetadata metadata, string type)
    {
        var told = metadata.Told;
        told["token_endpoint_auth_method"] = metadata.AuthenticationMethod;
        told["grant_types"] = Array(metadata.GrantTypes);
        told["response_types"] = Array(metadata.GrantTypes.Contains(GrantTypeNames.AuthorizationCode) ? ["code"] : []);
        told["redirect_uris"] = Array(metadata.RedirectUris);
        told["scope"] = string.Join(' ', metadata.Scopes);
        told["application_type"] = type;
        told["subject_type"] = metadata.SectorIdentifier is null ? "public" : "pairwise";
        told["id_token_signed_response_alg"] = metadata.IdTokenAlgorithm;
        if (metadata.PostLogoutRedirectUris.Length > 0)
            told["post_logout_redirect_uris"] = Array(metadata.PostLogoutRedirectUris);
        if (sent.Texts("contacts", MostUris, longest: 254) is { } contacts)
            told["contacts"] = Array(contacts);
        if (sent.Flag("require_auth_time") is { } authTime)
            told["require_auth_time"] = authTime;
        if (metadata.BackchannelLogoutUri is not null)
        {
            told["backchannel_logout_uri"] = metadata.BackchannelLogoutUri;
            told["backchannel_logout_session_required"] = sent.Flag("backchannel_logout_session_required") ?? false;
        }
        if (metadata.UserinfoAlgorithm is not null)
            told["userinfo_signed_response_alg"] = metadata.UserinfoAlgorithm;
        if (metadata.SectorIdentifierUri is not null)
            told["sector_identifier_uri"] = metadata.SectorIdentifierUri.OriginalString;
        if (metadata.DefaultMaxAge is { } age)
            told["default_max_age"] = age;
        if (metadata.AssertionAlgorithm is not null)
            told["token_endpoint_auth_signing_alg"] = metadata.AssertionAlgorithm;
        if (metadata.Jwks is not null)
            told["jwks"] = JsonNode.Parse(metadata.Jwks);
        if (metadata.JwksUri is not null)
            told["jwks_uri"] = metadata.JwksUri.OriginalString;
    }

    static JsonArray Array(IEnumerable<string> values) => [.. values.Select(v => (JsonNode?)v)];

    static ProtocolError InvalidRedirectUri(string description) => new("invalid_redirect_uri", description);
}
