using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace IdentityHost.Hosting;

/// <summary>
/// What one connection may take before Kestrel cuts it, and what JSON may look like. Most are Kestrel's defaults of today, written down because the product promises them.
/// </summary>
internal static class ConnectionLimits
{
    public static void AddConnectionLimits(this WebApplicationBuilder builder)
    {
        builder.WebHost.ConfigureKestrel(Apply);
        builder.Services.ConfigureHttpJsonOptions(json =>
        {
            // A member given twice is read differently by the next reader of the same document (RFC 8259 section 4).
            json.SerializerOptions.AllowDuplicateProperties = false;
            json.SerializerOptions.MaxDepth = 32;
        });
    }

    internal static void Apply(KestrelServerOptions kestrel)
    {
        // No version for a scanner to read.
        kestrel.AddServerHeader = false;
        var limits = kestrel.Limits;
        limits.MaxRequestLineSize = 8 * 1024; // longer: 414
        limits.MaxRequestHeadersTotalSize = 32 * 1024; // longer: 431
        limits.MaxRequestHeaderCount = 100; // more: 431
        limits.MaxRequestBodySize = 30_000_000; // longer: 413; endpoints ask for less
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(30); // slower: 408
        limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(5)); // slower: 408
        limits.MinResponseDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(5));
    }
}
