using Microsoft.Net.Http.Headers;

namespace IdentityHost.Protocol.Endpoints;

/// <summary>
/// The token that a request to an endpoint of the engine's own carries (RFC 6750 §2), and the refusals in the form of §3. The header is
/// preferred; a form body may carry it where the endpoint says so; the query never does, since it ends up in logs and histories.
/// </summary>
internal static class BearerRequest
{
    const string Word = "Bearer";

    /// <summary>What the request carries; null where it carries none.</summary>
    /// <param name="request">The request.</param>
    /// <param name="formToo">Whether a body of <c>application/x-www-form-urlencoded</c> is read (§2.2).</param>
    /// <param name="cancellationToken">Stops the reading of the body.</param>
    public static async Task<Result<BearerCredentials>> ReadAsync(HttpRequest request, bool formToo, CancellationToken cancellationToken)
    {
        if (request.Query.ContainsKey("access_token"))
            return ProtocolError.InvalidRequest("Send the token in the Authorization header, never in the address.");
        var header = request.Headers.Authorization;
        if (header.Count > 1)
            return ProtocolError.InvalidRequest("Send one Authorization header.");
        var sent = header.Count == 1 ? TokenOf(header[0]!) : null;
        if (!formToo || !HasForm(request))
            return new BearerCredentials(sent, InHeader: sent is not null);
        if ((await FormParameters.ReadAsync(request, cancellationToken)).Failed(out var error, out var form))
            return RequestSize.Of(error);
        if (!form.Contains("access_token"))
            return new BearerCredentials(sent, InHeader: sent is not null);
        // §2: a client must not use more than one method, or two readers could each see another token.
        return header.Count > 0
            ? ProtocolError.InvalidRequest("Send the token once: either in the Authorization header or in the body.")
            : new BearerCredentials(form["access_token"], InHeader: false);
    }

    /// <summary>§3: no <c>error</c> where no token was sent, so that a client learns only how to send one.</summary>
    public static void RefuseWithoutToken(HttpContext context, Issuer issuer)
    {
        var response = context.Response;
        response.StatusCode = StatusCodes.Status401Unauthorized;
        response.Headers.WWWAuthenticate = Realm(issuer);
        response.Headers.CacheControl = "no-store";
        response.ContentLength = 0;
    }

    /// <summary>A refusal with the <c>error</c> in the header, as §3.1 wants it, and in the body, as every other endpoint has it.</summary>
    public static Task RefuseAsync(HttpContext context, Issuer issuer, ProtocolError error, string? scope = null)
    {
        var challenge = $"{Realm(issuer)}, error=\"{error.Code}\", error_description=\"{error.Description}\"";
        context.Response.OnStarting(
            static state =>
            {
                var (response, header) = ((HttpResponse, string))state;
                response.Headers.WWWAuthenticate = header;
                return Task.CompletedTask;
            },
            (context.Response, scope is null ? challenge : $"{challenge}, scope=\"{scope}\""));
        return ProtocolErrorWriter.WriteAsync(context, error);
    }

    /// <summary>§3.1: malformed, expired, revoked, of somebody who is gone. One answer.</summary>
    public static ProtocolError InvalidToken { get; } = new(
        "invalid_token", "The token is not valid here: it is malformed, has expired or was revoked.", StatusCodes.Status401Unauthorized);

    /// <summary>Null for another scheme. The bare word is a token that got lost on the way.</summary>
    static string? TokenOf(string header) =>
        header.StartsWith(Word, StringComparison.OrdinalIgnoreCase) && (header.Length == Word.Length || header[Word.Length] == ' ')
            ? header[Word.Length..].Trim(' ')
            : null;

    static string Realm(Issuer issuer) => $"Bearer realm=\"{issuer.Value}\"";

    static bool HasForm(HttpRequest request) =>
        HttpMethods.IsPost(request.Method)
        && MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
        && type.MediaType.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase);
}

/// <summary>What was sent as a token, unchecked.</summary>
/// <param name="Token">Null where there is none.</param>
/// <param name="InHeader">Whether it stood in the header.</param>
internal sealed record BearerCredentials(string? Token, bool InHeader)
{
    /// <summary>Without the token.</summary>
    public override string ToString() => Token is null ? "no token" : "a token";
}
