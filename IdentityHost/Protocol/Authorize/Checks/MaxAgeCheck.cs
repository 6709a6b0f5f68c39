using System.Globalization;

namespace IdentityHost.Protocol.Authorize.Checks;

/// <summary>How old the sign-in may be (OpenID Connect Core §3.1.2.1), by the request or else by the registration.</summary>
internal sealed class MaxAgeCheck : IAuthorizeCheck
{
    public ValueTask<ProtocolError?> CheckAsync(AuthorizeContext context, CancellationToken cancellationToken) => new(Check(context));

    static ProtocolError? Check(AuthorizeContext context)
    {
        context.Request.MaxAge = context.Client.DefaultMaxAge;
        if (context.Parameters["max_age"] is not { } text)
            return null;
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            return ProtocolError.InvalidRequest("max_age must be a whole number of seconds.");
        context.Request.MaxAge = seconds;
        return null;
    }
}
