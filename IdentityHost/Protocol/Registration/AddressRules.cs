using IdentityHost.Protocol.Authorize;

namespace IdentityHost.Protocol.Registration;

/// <summary>The addresses in metadata beside the redirect URIs. They are compared with those by whole host names: evil-trusted.com is not trusted.com.</summary>
internal sealed class AddressRules(string[] redirectUris, bool development, Egress egress)
{
    /// <summary>Of a host name (RFC 1035 §2.3.4); an IPv6 address may carry a zone of any length.</summary>
    const int LongestHost = 253;

    readonly Uri[] _redirects = [.. redirectUris.Select(u => new Uri(u))];

    /// <summary>Of pages for people: each must be at a host that the application gets its answers at, so that nobody shows another's logo or policy as theirs.</summary>
    public bool IsOwnPage(string uri) => Web(uri) is { } page && Array.Exists(_redirects, r => IsWeb(r) && r.IdnHost == page.IdnHost);

    /// <summary>The origins of a page's scripts: https only, as its answers go to there.</summary>
    public string[] Origins() =>
        [.. _redirects.Where(r => r.Scheme == Uri.UriSchemeHttps).Select(r => r.GetLeftPart(UriPartial.Authority)).Where(RedirectUriRules.IsOrigin).Distinct(StringComparer.Ordinal)];

    public static string[] AfterLogout(MetadataDocument sent, int most)
    {
        var uris = sent.Texts("post_logout_redirect_uris", most) ?? [];
        if (uris.Select(RedirectUriRules.Fault).FirstOrDefault(fault => fault is not null) is { } wrong)
            sent.Refuse("post_logout_redirect_uris must be addresses of the kinds that redirect_uris are.", wrong);
        return uris;
    }

    /// <summary>
    /// Where logout tokens go. It is only ever reached by the client that refuses inside addresses; what leads inside by its own spelling is
    /// refused here already.
    /// </summary>
    public string? Backchannel(MetadataDocument sent)
    {
        if (sent.Text("backchannel_logout_uri") is not { } uri)
            return null;
        if (RedirectUriRules.BackchannelFault(uri, development) is null && !egress.LeadsInside(new Uri(uri)))
            return uri;
        sent.Refuse("backchannel_logout_uri must be an https address on the public internet, without fragment.");
        return null;
    }

    public Uri? SectorIdentifierUri(MetadataDocument sent) => Public(sent, "sector_identifier_uri");

    public Uri? JwksUri(MetadataDocument sent) => Public(sent, "jwks_uri");

    /// <summary>OpenID Connect Core §8.1: the host of the sector's document, or the one host of all redirect URIs. Null for public subjects.</summary>
    public string? Sector(MetadataDocument sent)
    {
        var sector = Named(sent);
        if (sector is not { Length: > LongestHost })
            return sector;
        sent.Refuse("The host of the sector is too long.");
        return null;
    }

    /// <summary>The address of a document that is read through the client that refuses inside addresses, as <see cref="Backchannel"/>'s is reached.</summary>
    Uri? Public(MetadataDocument sent, string name)
    {
        if (sent.Text(name) is not { } uri)
            return null;
        if (Web(uri) is { } address && !egress.LeadsInside(address))
            return address;
        sent.Refuse($"{name} must be an https address on the public internet.");
        return null;
    }

    string? Named(MetadataDocument sent)
    {
        switch (sent.Text("subject_type"))
        {
            case null or "public":
                return null;
            case "pairwise" when sent.Text("sector_identifier_uri") is { } uri:
                return Web(uri)?.IdnHost;
            case "pairwise" when _redirects.Length > 0 && Array.TrueForAll(_redirects, r => IsWeb(r) && r.IdnHost == _redirects[0].IdnHost):
                return _redirects[0].IdnHost;
            case "pairwise":
                sent.Refuse("Pairwise subjects need one host in all redirect_uris, or a sector_identifier_uri that lists them.");
                return null;
            default:
                sent.Refuse("subject_type must be public or pairwise.");
                return null;
        }
    }

    /// <summary>An https address (in Development also http on this machine); null for anything else.</summary>
    Uri? Web(string uri) =>
        RedirectUriRules.Fault(uri) is null && new Uri(uri) is var parsed && (parsed.Scheme == Uri.UriSchemeHttps || (development && parsed.Scheme == Uri.UriSchemeHttp))
            ? parsed
            : null;

    static bool IsWeb(Uri uri) => uri.Scheme is "https" or "http";
}
