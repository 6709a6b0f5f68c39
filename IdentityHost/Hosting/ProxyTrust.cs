using System.Net;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;

namespace IdentityHost.Hosting;

/// <summary>
/// Who may say whose request it carries: X-Forwarded-For and -Proto count only from <c>Proxy:KnownNetworks</c> (CIDR, an array or separated by
/// commas); empty means nobody. X-Forwarded-Host is never used: the host is the issuer's.
/// </summary>
internal static class ProxyTrust
{
    public static void AddProxyTrust(this WebApplicationBuilder builder) =>
        builder.Services.AddOptions<ForwardedHeadersOptions>()
            .Configure<IConfiguration>((options, configuration) =>
            {
                var networks = Networks(configuration).ToList();
                options.ForwardedHeaders = networks.Count == 0 ? ForwardedHeaders.None : ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;
                // The framework trusts loopback by default; on a shared machine that is every process.
                options.KnownProxies.Clear();
                options.KnownIPNetworks.Clear();
                foreach (var network in networks)
                    options.KnownIPNetworks.Add(network);
                // Walks back through every trusted hop and stops at the first address that is not one.
                options.ForwardLimit = null;
            })
            .ValidateOnStart();

    /// <exception cref="OptionsValidationException">An entry is not a network.</exception>
    static IEnumerable<System.Net.IPNetwork> Networks(IConfiguration configuration)
    {
        var section = configuration.GetSection("Proxy:KnownNetworks");
        var values = (section.Value ?? "").Split(',').Concat(section.GetChildren().Select(child => child.Value ?? ""));
        foreach (var value in values.Select(value => value.Trim()).Where(value => value.Length > 0))
        {
            if (System.Net.IPNetwork.TryParse(value, out var network))
                yield return network;
            else if (IPAddress.TryParse(value, out var address))
                yield return new System.Net.IPNetwork(address, address.GetAddressBytes().Length * 8);
            else
                throw new OptionsValidationException("Proxy", typeof(ForwardedHeadersOptions),
                    [$"Proxy:KnownNetworks holds \"{value}\", which is not a network. Write it as address/prefix, for example 10.0.0.0/8."]);
        }
    }
}
