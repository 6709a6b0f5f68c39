using System.Net;

namespace IdentityHost.Protocol.Authorize;

/// <summary>What an application may have as an address of its own, whether it is declared or registers itself (RFC 6749 §3.1.2, RFC 8252 §7).</summary>
internal static class RedirectUriRules
{
    /// <summary>The longest address, in characters.</summary>
    public const int MaximumLength = 2000;

    /// <summary>
    /// Why an address cannot be a redirect URI, with what would be right; null if it can. https anywhere; http on this machine only; a scheme
    /// of the application's own must have a dot, as a domain name turned around has, so that no two applications choose the same by chance.
    /// </summary>
    public static string? Fault(string uri)
    {
        if (uri.Length > MaximumLength)
            return $"it is longer than {MaximumLength} characters.";
        if (!uri.All(c => c is > ' ' and < '\x7f' and not ('\\' or '"' or '<' or '>' or '*')))
            return "it holds a character that stands in no address (spaces, backslashes, quotes, wildcards); percent-encode what must be there.";
        if (!Uri.TryCreate(uri, UriKind.Absolute, out var parsed) || !uri.Contains(':', StringComparison.Ordinal))
            return "it is no absolute address, e.g. https://app.example.com/callback";
        if (uri.Contains('#', StringComparison.Ordinal))
            return "it has a fragment, where the answer may have to stand (RFC 6749 §3.1.2).";
        if (parsed.UserInfo.Length > 0)
            return "it holds a user name before the host.";
        if (HasDotSegment(uri))
            return "its path has a . or .. segment; write it out.";
        return parsed.Scheme switch
        {
            "https" => parsed.Host.Length > 0 && uri.StartsWith("https://", StringComparison.Ordinal) ? null : "it has no host.",
            "http" => IsLoopback(parsed) ? null : "http is for this machine only (127.0.0.1, [::1], localhost); use https.",
            var own => own.Contains('.', StringComparison.Ordinal)
                ? null
                : "a scheme of its own must have a dot, as in com.example.app:/callback (RFC 8252 §7.1).",
        };
    }

    /// <summary>Why an address cannot take logout tokens; null if it can (OpenID Connect Back-Channel Logout §2.2).</summary>
    /// <param name="uri">The address.</param>
    /// <param name="allowHttp">Whether this machine may be reached in the clear, as in Development.</param>
    public static string? BackchannelFault(string uri, bool allowHttp)
    {
        if (Fault(uri) is { } fault)
            return fault;
        return new Uri(uri).Scheme switch
        {
            "https" => null,
            "http" when allowHttp => null,
            _ => "use https: on plain http whoever is on the way reads and changes what is sent.",
        };
    }

    /// <summary>Scheme, host and port as browsers send them in <c>Origin</c> (RFC 6454 §6.2).</summary>
    public static bool IsOrigin(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http" && uri.GetLeftPart(UriPartial.Authority) == text;

    /// <summary>A native application listens on whatever port is free (RFC 8252 §7.3): of an IP literal only, since a name could lead elsewhere.</summary>
    public static bool IsLoopbackIp(Uri uri) =>
        uri.Scheme == Uri.UriSchemeHttp && IPAddress.TryParse(uri.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address);

    static bool IsLoopback(Uri uri) => IsLoopbackIp(uri) || uri.Host == "localhost";

    /// <summary>The framework resolves such segments silently, and so do some servers: what is compared would not be what is visited.</summary>
    static bool HasDotSegment(string uri)
    {
        var path = uri.AsSpan(uri.IndexOf(':', StringComparison.Ordinal) + 1);
        var query = path.IndexOf('?');
        if (query >= 0)
            path = path[..query];
        foreach (var range in path.Split('/'))
        {
            var segment = Uri.UnescapeDataString(path[range].ToString());
            if (segment is "." or ".." || segment.StartsWith("..;", StringComparison.Ordinal) || segment.Contains('/', StringComparison.Ordinal))
                return true;
        }
        return false;
    }
}
