using System.Net.Sockets;

namespace IdentityHost.Protocol.Endpoints;

/// <summary>Where a request came from, as attempts are counted and sessions are shown.</summary>
internal static class RequestOrigin
{
    const int MaximumUserAgent = 256;
    const int Ipv6PrefixBytes = 8;

    /// <summary>The peer's address (the proxy's word for it only where the proxy is known). Of IPv6 the /64, which one subscriber owns whole.</summary>
    public static string Address(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress;
        if (address is null)
            return "local";
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            var bytes = address.GetAddressBytes();
            bytes.AsSpan(Ipv6PrefixBytes).Clear();
            address = new System.Net.IPAddress(bytes);
        }
        return address.ToString();
    }

    public static string? UserAgent(HttpContext context)
    {
        var text = context.Request.Headers.UserAgent.ToString();
        if (text.Length == 0)
            return null;
        if (text.Length <= MaximumUserAgent)
            return text;
        // Half a surrogate pair is no text, and the database would refuse it.
        return text[..(char.IsHighSurrogate(text[MaximumUserAgent - 1]) ? MaximumUserAgent - 1 : MaximumUserAgent)];
    }
}
