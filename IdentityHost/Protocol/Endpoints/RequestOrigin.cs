using IdentityHost.Limits;

namespace IdentityHost.Protocol.Endpoints;

/// <summary>Where a request came from, as attempts are counted and sessions are shown.</summary>
internal static class RequestOrigin
{
    const int MaximumUserAgent = 256;

    /// <summary>The peer's address (the proxy's word for it only where the proxy is known), as <see cref="NetworkAddress"/> writes it.</summary>
    public static string Address(HttpContext context) => NetworkAddress.Of(context.Connection.RemoteIpAddress);

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
