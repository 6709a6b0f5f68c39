using System.Globalization;
using IdentityHost.Protocol.Clients;

namespace IdentityHost.Protocol.Authorize;

/// <summary>
/// An address that a browser may be sent to with an answer. Only <see cref="Match"/> makes one, so nothing that was not registered can ever be
/// redirected to.
/// </summary>
internal sealed class VerifiedRedirect
{
    VerifiedRedirect(string uri, bool wasSent) => (Uri, WasSent) = (uri, wasSent);

    /// <summary>As the application wrote it.</summary>
    public string Uri { get; }

    /// <summary>Whether the request named it: then the token request must name it again (RFC 6749 §4.1.3).</summary>
    public bool WasSent { get; }

    /// <summary>Host and port, for people to see where they are going; for a scheme of the application's own, that.</summary>
    public string Host => new Uri(Uri) is { Host.Length: > 0 } uri ? uri.Authority : Uri[..Uri.IndexOf(':', StringComparison.Ordinal)];

    /// <summary>
    /// Compares character by character (RFC 9700 §4.1.3). Of a loopback IP the port is free, since a native application listens where it can
    /// (RFC 8252 §7.3). Where the request names none, the only registered one is meant; with OpenID Connect it must be named.
    /// </summary>
    public static VerifiedRedirect? Match(Client client, string? requested, bool mustBeSent)
    {
        if (requested is null)
            return !mustBeSent && client.RedirectUris is [var only] ? new VerifiedRedirect(only, wasSent: false) : null;
        return client.RedirectUris.Any(registered => registered == requested || IsSameLoopback(registered, requested))
            ? new VerifiedRedirect(requested, wasSent: true)
            : null;
    }

    static bool IsSameLoopback(string registered, string requested)
    {
        if (!System.Uri.TryCreate(registered, UriKind.Absolute, out var uri) || !RedirectUriRules.IsLoopbackIp(uri))
            return false;
        return TrySplitPort(registered, out var start, out var rest) && TrySplitPort(requested, out var otherStart, out var otherRest)
            && start.SequenceEqual(otherStart) && rest.SequenceEqual(otherRest);
    }

    /// <summary>What stands before and behind the port, by the text alone: a parser would forgive what is to be refused.</summary>
    static bool TrySplitPort(string uri, out ReadOnlySpan<char> start, out ReadOnlySpan<char> rest)
    {
        const string scheme = "http://";
        start = rest = default;
        if (!uri.StartsWith(scheme, StringComparison.Ordinal))
            return false;
        var path = uri.IndexOf('/', scheme.Length);
        if (path < 0)
            path = uri.Length;
        var authority = uri.AsSpan(0, path);
        rest = uri.AsSpan(path);
        var colon = authority.LastIndexOf(':');
        // Of http://[::1] the last colon is the address's own.
        if (colon < scheme.Length || authority.EndsWith("]"))
        {
            start = authority;
            return true;
        }
        start = authority[..colon];
        var port = authority[(colon + 1)..];
        return ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 && port[0] != '0';
    }
}
