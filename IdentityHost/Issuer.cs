namespace IdentityHost;

/// <summary>
/// The public base URL of the host (setting <c>Issuer</c>, the same on every node): the <c>iss</c> of every token, and the start of every
/// URL that we publish. It never comes from a request. Stands in the root namespace: everybody may use it.
/// </summary>
internal sealed class Issuer
{
    /// <summary>What Development uses when the key is empty; the address of Properties/launchSettings.json.</summary>
    const string DevelopmentDefault = "http://localhost:5000";

    Issuer(string value)
    {
        Value = value;
        Uri = new Uri(value);
    }

    /// <summary>Exactly as clients see and compare it (RFC 8414 §2): absolute, canonical, no query, fragment or trailing slash.</summary>
    public string Value { get; }

    public Uri Uri { get; }

    /// <summary>Whether browsers reach the host by TLS, wherever that ends.</summary>
    public bool IsHttps => Uri.Scheme == Uri.UriSchemeHttps;

    /// <summary>Host and port as browsers write them: lower case, punycode, no default port.</summary>
    public string Authority => AuthorityOf(Uri);

    /// <summary>The absolute URL of one of our paths.</summary>
    public string UrlOf(string path) => Value + path;

    public override string ToString() => Value;

    /// <exception cref="InvalidOperationException">It could not be compared by clients, or would put tokens on the wire in clear. The message says the fix.</exception>
    public static Issuer From(IConfiguration configuration, IHostEnvironment environment)
    {
        var value = configuration["Issuer"] is { Length: > 0 } set ? set : environment.IsDevelopment() ? DevelopmentDefault : "";
        return Fault(value, environment) is { } fault ? throw new InvalidOperationException($"Issuer is \"{value}\": {fault}") : new Issuer(value);
    }

    /// <summary>What is wrong and how to mend it, or null.</summary>
    static string? Fault(string issuer, IHostEnvironment environment)
    {
        if (issuer.Length == 0)
            return "it is not set. Set Issuer to the public base URL, for example Issuer=https://id.example.com.";
        if (!Uri.TryCreate(issuer, UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http") || uri.Host.Length == 0)
            return "it is not an absolute URL. Set it to the public base URL, for example https://id.example.com.";
        if (uri.UserInfo.Length > 0)
            return "it holds a user name. Remove what stands before the @.";
        if (issuer.Contains('?', StringComparison.Ordinal) || issuer.Contains('#', StringComparison.Ordinal))
            return "it has a query or fragment. Remove what follows the path.";
        if (issuer.EndsWith('/'))
            return $"it ends in a slash, and clients compare it character by character. Set it to {issuer.TrimEnd('/')}.";
        if (uri.Scheme == "http" && !environment.IsDevelopment())
            return $"http is allowed in Development only. Set it to {string.Concat("https", issuer.AsSpan(4))}; TLS may end at a proxy.";
        var canonical = $"{uri.Scheme}://{AuthorityOf(uri)}{(uri.AbsolutePath == "/" ? "" : uri.AbsolutePath)}";
        return canonical == issuer ? null : $"it is not in canonical form. Set it to {canonical}.";
    }

    static string AuthorityOf(Uri uri)
    {
        var host = uri.HostNameType == UriHostNameType.IPv6 ? $"[{uri.IdnHost.Trim('[', ']')}]" : uri.IdnHost;
        return uri.IsDefaultPort ? host : $"{host}:{uri.Port}";
    }
}
