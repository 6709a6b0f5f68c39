using System.Net;
using System.Net.Sockets;

namespace IdentityHost.Limits;

/// <summary>The address that attempts are counted by and sessions are shown with.</summary>
internal static class NetworkAddress
{
    const int Ipv6PrefixBytes = 8;

    /// <summary>Of IPv6 the /64, which one subscriber owns whole; one spelling for each, and one for this machine.</summary>
    public static string Of(IPAddress? address)
    {
        if (address is null)
            return "local";
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        if (IPAddress.IsLoopback(address))
            return IPAddress.Loopback.ToString();
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return address.ToString();
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(Ipv6PrefixBytes).Clear();
        return new IPAddress(bytes).ToString();
    }
}
