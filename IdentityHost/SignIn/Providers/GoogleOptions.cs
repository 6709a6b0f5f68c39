namespace IdentityHost.SignIn.Providers;

/// <summary>The <c>Google</c> section. Without <see cref="ClientId"/> and <see cref="ClientSecret"/> there is no sign-in with Google, and no trace of it on the pages.</summary>
internal sealed class GoogleOptions
{
    public const string Section = "Google";

    /// <summary>The path that is registered with Google, below the issuer.</summary>
    public const string CallbackPath = "/users/auth/google/callback";

    const string GooglesIssuer = "https://accounts.google.com";

    public string ClientId { get; set; } = "";

    public string ClientSecret { get; set; } = "";

    /// <summary>Workspace domains whose people may sign in, by the claim <c>hd</c>; empty: everybody.</summary>
    public string[] HostedDomains { get; set; } = [];

    public string AuthorizationEndpoint { get; set; } = "https://accounts.google.com/o/oauth2/v2/auth";

    public string TokenEndpoint { get; set; } = "https://oauth2.googleapis.com/token";

    /// <summary>Asked for a name and picture that the ID token lacks; for nothing else. Empty: never asked.</summary>
    public string UserInfoEndpoint { get; set; } = "https://openidconnect.googleapis.com/v1/userinfo";

    public string JwksUri { get; set; } = "https://www.googleapis.com/oauth2/v3/certs";

    /// <summary>Who must have issued the ID token. Google writes its own with and without the scheme.</summary>
    public string Issuer { get; set; } = GooglesIssuer;

    public bool IsConfigured => ClientId.Length > 0 && ClientSecret.Length > 0;

    /// <summary>Whether a token's <c>iss</c> is Google, in one of the two spellings that its documentation names.</summary>
    public bool IsIssuer(string issuer) => issuer == Issuer || (Issuer == GooglesIssuer && issuer == "accounts.google.com");

    /// <summary>What is wrong and how to mend it, or null.</summary>
    public string? Fault()
    {
        if ((ClientId.Length > 0) != (ClientSecret.Length > 0))
            return "Google:ClientId and Google:ClientSecret belong together: set both, or neither.";
        foreach (var (key, value) in new[]
        {
            (nameof(AuthorizationEndpoint), AuthorizationEndpoint), (nameof(TokenEndpoint), TokenEndpoint), (nameof(JwksUri), JwksUri),
            (nameof(UserInfoEndpoint), UserInfoEndpoint),
        })
        {
            if (key == nameof(UserInfoEndpoint) && value.Length == 0)
                continue;
            if (!Uri.TryCreate(value, UriKind.Absolute, out var uri) || !(uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback)))
                return $"Google:{key} is \"{value}\": it must be an https address (http on this machine only). Leave it out for Google's own.";
        }
        return Issuer.Length == 0 ? "Google:Issuer is empty. Leave it out for Google's own." : null;
    }
}
