using Microsoft.AspNetCore.Authentication;

namespace IdentityHost.ResourceServer;

/// <summary>Names of the scheme.</summary>
public static class IdentityHostBearerDefaults
{
    /// <summary>The name under which <c>AddIdentityHostBearer</c> registers its scheme.</summary>
    public const string AuthenticationScheme = "Bearer";
}

/// <summary>
/// How an API accepts the access tokens of one IdentityHost. Keys and revocations come from the issuer, or from an <see cref="IAccessTokenKeys"/> and an
/// <see cref="IAccessTokenRevocations"/> among the services where there are such.
/// </summary>
public sealed class IdentityHostBearerOptions : AuthenticationSchemeOptions
{
    /// <summary>The issuer, exactly as its tokens and its discovery document spell it. Required.</summary>
    public string Authority { get; set; } = "";

    /// <summary>The name of this API in a token's <c>aud</c>. Required.</summary>
    public string Audience { get; set; } = "";

    /// <summary>The client that this API is to the issuer: one with a secret, whose <c>Audiences</c> name <see cref="Audience"/>. Required.</summary>
    public string ClientId { get; set; } = "";

    /// <summary>Its secret. Required; from the environment or a secret store, not from a file in the repository.</summary>
    public string ClientSecret { get; set; } = "";

    /// <summary>What happens to requests while nobody can tell whether their tokens were revoked. By default they are refused (503).</summary>
    public IssuerUnreachable WhenUnreachable { get; set; } = IssuerUnreachable.Refuse;

    /// <summary>Whether the issuer must be reached by https. A loopback address may always be http.</summary>
    public bool RequireHttps { get; set; } = true;

    /// <summary>Carries requests to the issuer; for tests, proxies and private certificates. Null: a handler of the library's own.</summary>
    public HttpMessageHandler? Backchannel { get; set; }

    /// <inheritdoc cref="AccessTokenRules.MaximumLifetime"/>
    public TimeSpan MaximumLifetime { get; set; } = TimeSpan.FromHours(1);

    /// <inheritdoc cref="AccessTokenRules.ClockSkew"/>
    public TimeSpan ClockSkew { get; set; }

    /// <summary>Whether <c>Authorization: TOKEN</c>, without <c>Bearer</c>, is read too. For old clients; off by default.</summary>
    public bool AcceptBareToken { get; set; }

    /// <summary>Writes the body of a 401, after status and headers are set. By default there is no body.</summary>
    public Func<BearerChallenge, Task>? WriteChallenge { get; set; }

    /// <summary>Writes the body of a 403, after status and headers are set. By default there is no body.</summary>
    public Func<BearerChallenge, Task>? WriteForbidden { get; set; }

    /// <summary>Made once from the options above and the services; null until then.</summary>
    internal AccessTokenVerifier? Verifier { get; set; }

    internal AccessTokenRules Rules => new() { Issuer = Authority, Audience = Audience, MaximumLifetime = MaximumLifetime, ClockSkew = ClockSkew };

    /// <exception cref="ArgumentException">An option is missing or out of its range.</exception>
    public override void Validate()
    {
        base.Validate();
        Rules.Validate();
        // The authority is the realm of each challenge: nothing that would end the quoted string.
        if (!Uri.TryCreate(Authority, UriKind.Absolute, out _) || Authority.AsSpan().IndexOfAnyExceptInRange('!', '~') >= 0 || Authority.AsSpan().ContainsAny('"', '\\'))
        {
            throw new ArgumentException("Authority must be an absolute URI in ASCII.", nameof(Authority));
        }
    }
}
