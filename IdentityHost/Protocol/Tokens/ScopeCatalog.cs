using System.Collections.Frozen;
using System.Collections.Immutable;
using IdentityHost.Data.Entities;

namespace IdentityHost.Protocol.Tokens;

/// <summary>One declared scope (<c>Scopes</c> array).</summary>
internal sealed class ScopeOptions
{
    public string Name { get; set; } = "";

    /// <summary>What it allows, in words a person understands.</summary>
    public string DisplayName { get; set; } = "";
}

/// <summary>One declared resource server (<c>Resources</c> array).</summary>
internal sealed class ResourceOptions
{
    /// <summary>The <c>aud</c> of tokens for it: an absolute URI (RFC 8707 §2).</summary>
    public string Audience { get; set; } = "";

    /// <summary>The scopes that belong to it.</summary>
    public string[] Scopes { get; set; } = [];
}

/// <summary>The scopes there are, the audiences they belong to, and the roles a person needs for them.</summary>
internal sealed class ScopeCatalog
{
    /// <summary>One's own account.</summary>
    public const string UsersSelf = "users:self";

    /// <summary>Everyone's account: ADMINs, and applications that were allowed it.</summary>
    public const string UsersManage = "users:manage";

    /// <summary>Puts the person's roles into the access token.</summary>
    public const string Roles = "roles";

    /// <summary>Asks for an ID token (OpenID Connect Core §3.1.2.1).</summary>
    public const string OpenId = "openid";

    /// <summary>Asks for a refresh token in the code flow (OpenID Connect Core §11).</summary>
    public const string OfflineAccess = "offline_access";

    /// <summary>The scopes of OpenID Connect Core §5.4.</summary>
    public const string Profile = "profile";

    /// <inheritdoc cref="Profile"/>
    public const string Email = "email";

    /// <inheritdoc cref="Profile"/>
    public const string Phone = "phone";

    /// <inheritdoc cref="Profile"/>
    public const string Address = "address";

    /// <summary>The scopes of OpenID Connect Core.</summary>
    public static readonly ImmutableArray<string> OpenIdScopes = [OpenId, OfflineAccess, Profile, Email, Phone, Address];

    /// <summary>Those that every server has: they need not be declared.</summary>
    static readonly ImmutableArray<string> BuiltIn = [UsersSelf, UsersManage, Roles, .. OpenIdScopes];

    readonly FrozenDictionary<string, string> _audiences;
    readonly FrozenDictionary<string, string> _displayNames;
    readonly string _ownAudience;

    public ScopeCatalog(IConfiguration configuration, Issuer issuer)
    {
        _ownAudience = issuer.Value;
        var audiences = BuiltIn.ToDictionary(scope => scope, _ => issuer.Value, StringComparer.Ordinal);
        var displayNames = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var scope in configuration.GetSection("Scopes").Get<ScopeOptions[]>() ?? [])
        {
            if (!IsScopeToken(scope.Name))
                throw new InvalidOperationException($"Scopes: '{scope.Name}' is not a scope: printable ASCII without spaces, quotes and backslashes.");
            audiences.TryAdd(scope.Name, issuer.Value);
            if (scope.DisplayName.Length > 0)
                displayNames[scope.Name] = scope.DisplayName;
        }
        foreach (var resource in configuration.GetSection("Resources").Get<ResourceOptions[]>() ?? [])
        {
            if (!Uri.TryCreate(resource.Audience, UriKind.Absolute, out _))
                throw new InvalidOperationException($"Resources: the audience '{resource.Audience}' must be an absolute URI, e.g. https://api.example.com");
            foreach (var scope in resource.Scopes)
            {
                if (!audiences.ContainsKey(scope))
                    throw new InvalidOperationException($"Resources: '{resource.Audience}' names the scope '{scope}', which Scopes does not declare.");
                audiences[scope] = resource.Audience;
            }
        }
        _audiences = audiences.ToFrozenDictionary(StringComparer.Ordinal);
        _displayNames = displayNames.ToFrozenDictionary(StringComparer.Ordinal);
        Names = [.. _audiences.Keys.Order(StringComparer.Ordinal)];
    }

    /// <summary>Every scope, in alphabetical order.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>What the operator calls it; null for one that was given no words.</summary>
    public string? DisplayNameOf(string scope) => _displayNames.GetValueOrDefault(scope);

    /// <summary>Whether some scope belongs to the resource server (RFC 8707 §2).</summary>
    public bool IsAudience(string resource) => resource == _ownAudience || _audiences.Values.Contains(resource, StringComparer.Ordinal);

    /// <summary>Those of the scopes that belong to one of the resource servers; all, where none is named.</summary>
    public IReadOnlyList<string> WithinResources(IReadOnlyList<string> scopes, IReadOnlyCollection<string> resources) =>
        resources.Count == 0 ? scopes : [.. scopes.Where(s => resources.Contains(_audiences[s]))];

    public bool Exists(string scope) => _audiences.ContainsKey(scope);

    /// <summary>The audiences of a token with these scopes, without repetition.</summary>
    public IReadOnlyList<string> AudiencesOf(IReadOnlyList<string> scopes)
    {
        var first = scopes.Count == 0 ? _ownAudience : _audiences[scopes[0]];
        List<string>? several = null;
        for (var i = 1; i < scopes.Count; i++)
        {
            var audience = _audiences[scopes[i]];
            if (audience == first || several?.Contains(audience) == true)
                continue;
            (several ??= [first]).Add(audience);
        }
        return several is null ? [first] : several;
    }

    /// <summary>Whether a person of this role may hold the scope; others are left out of what they are granted.</summary>
    public static bool Allows(UserRole role, string scope) => scope != UsersManage || role == UserRole.Admin;

    /// <summary>RFC 6749 §3.3: <c>scope-token = 1*( %x21 / %x23-5B / %x5D-7E )</c>.</summary>
    static bool IsScopeToken(string scope) =>
        scope.Length is > 0 and <= 100 && scope.All(c => c is >= '!' and <= '~' and not '"' and not '\\');
}
