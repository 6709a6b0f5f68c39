namespace IdentityHost;

/// <summary>The short-lived cookies of a sign-in under way: for this host only, out of reach of scripts, not sent along by other sites' forms. Stands in the root namespace: sign-in and authorization begin flows alike.</summary>
internal static class FlowCookie
{
    public static string Name(Issuer issuer, string name) => issuer.IsHttps ? $"__Host-identityhost-{name}" : $"identityhost-{name}";

    public static CookieOptions Options(Issuer issuer, TimeSpan lifetime) => new()
    {
        HttpOnly = true,
        Secure = issuer.IsHttps,
        SameSite = SameSiteMode.Lax,
        Path = "/",
        IsEssential = true,
        MaxAge = lifetime,
    };

    public static void Set(HttpContext context, Issuer issuer, string name, string value, TimeSpan lifetime) =>
        context.Response.Cookies.Append(Name(issuer, name), value, Options(issuer, lifetime));

    public static string? Get(HttpContext context, Issuer issuer, string name) => context.Request.Cookies[Name(issuer, name)];

    public static void Remove(HttpContext context, Issuer issuer, string name) =>
        context.Response.Cookies.Delete(Name(issuer, name), Options(issuer, TimeSpan.Zero));
}
