using System.Text;
using IdentityHost.Data.Entities;

namespace IdentityHost.Protocol.Authorize;

/// <summary>
/// Sends the browser back with the answer: in the query, the fragment or a form. Every answer names the issuer (RFC 9207), so that an
/// application that talks to several servers cannot be led to give one's code to another.
/// </summary>
internal sealed class AuthorizeResponse(Issuer issuer)
{
    public Task WriteCodeAsync(HttpContext context, AuthorizationRequest request, VerifiedRedirect redirect, string code) =>
        WriteAsync(context, request, redirect, [("code", code)]);

    public Task WriteErrorAsync(HttpContext context, AuthorizationRequest request, VerifiedRedirect redirect, ProtocolError error) =>
        WriteAsync(context, request, redirect, [("error", error.Code), ("error_description", error.Description)]);

    /// <summary>The address of an error, for a page that shows it instead of sending the browser there.</summary>
    public string ErrorAddress(AuthorizationRequest request, VerifiedRedirect redirect, ProtocolError error) =>
        Address(redirect, request.ResponseMode, With(request, [("error", error.Code), ("error_description", error.Description)]));

    Task WriteAsync(HttpContext context, AuthorizationRequest request, VerifiedRedirect redirect, List<(string Name, string Value)> answer)
    {
        var response = context.Response;
        response.Headers.CacheControl = "no-store";
        var members = With(request, answer);
        if (request.ResponseMode == ResponseModes.FormPost)
            return FormPostPage.WriteAsync(context, redirect, members);
        // 303 whatever came before: a password that was posted here must not be posted on (RFC 9700 §4.12).
        response.StatusCode = StatusCodes.Status303SeeOther;
        response.Headers.Location = Address(redirect, request.ResponseMode, members);
        return Task.CompletedTask;
    }

    List<(string Name, string Value)> With(AuthorizationRequest request, List<(string Name, string Value)> answer)
    {
        if (request.State is not null)
            answer.Add(("state", request.State));
        answer.Add(("iss", issuer.Value));
        return answer;
    }

    static string Address(VerifiedRedirect redirect, string mode, List<(string Name, string Value)> members)
    {
        var text = new StringBuilder(redirect.Uri);
        var separator = mode == ResponseModes.Fragment ? '#' : redirect.Uri.Contains('?', StringComparison.Ordinal) ? '&' : '?';
        foreach (var (name, value) in members)
        {
            text.Append(separator).Append(name).Append('=').Append(Uri.EscapeDataString(value));
            separator = '&';
        }
        return text.ToString();
    }
}
