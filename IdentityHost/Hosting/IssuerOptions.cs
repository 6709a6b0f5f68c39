using Microsoft.Extensions.Options;

namespace IdentityHost.Hosting;

/// <summary>The public base URL of this host, from the configuration key <c>Issuer</c>. All nodes share it.</summary>
internal sealed class IssuerOptions
{
    /// <summary>What Development uses when the key is empty; the address of Properties/launchSettings.json.</summary>
    public const string DevelopmentDefault = "http://localhost:5000";

    /// <summary>Exactly as clients see and compare it (RFC 8414 section 2): absolute, no query, fragment or trailing slash.</summary>
    public string Issuer { get; set; } = "";

    /// <summary>Whether browsers reach the host by TLS, wherever that ends.</summary>
    public bool IsHttps => Issuer.StartsWith("https://", StringComparison.Ordinal);
}

/// <summary>Refuses to start with an issuer that clients could not compare or that would put tokens on the wire in clear.</summary>
internal sealed class IssuerValidator(IHostEnvironment environment) : IValidateOptions<IssuerOptions>
{
    public ValidateOptionsResult Validate(string? name, IssuerOptions options) =>
        Fault(options.Issuer) is { } fault
            ? ValidateOptionsResult.Fail($"Issuer is \"{options.Issuer}\": {fault}")
            : ValidateOptionsResult.Success;

    /// <summary>What is wrong and how to mend it, or null.</summary>
    string? Fault(string issuer)
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
        var canonical = $"{uri.Scheme}://{HostAndPort(uri)}{(uri.AbsolutePath == "/" ? "" : uri.AbsolutePath)}";
        return canonical == issuer ? null : $"it is not in canonical form. Set it to {canonical}.";
    }

    /// <summary>The authority as browsers write it: lower case, punycode, no default port.</summary>
    internal static string HostAndPort(Uri uri)
    {
        var host = uri.HostNameType == UriHostNameType.IPv6 ? $"[{uri.IdnHost.Trim('[', ']')}]" : uri.IdnHost;
        return uri.IsDefaultPort ? host : $"{host}:{uri.Port}";
    }
}
