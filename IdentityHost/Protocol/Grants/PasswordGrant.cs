using IdentityHost.Protocol.Clients;

namespace IdentityHost.Protocol.Grants;

/// <summary>
/// Username and password for tokens (RFC 6749 §4.3). RFC 9700 §2.4 advises against it, so an application has it only where its declaration
/// says so; it goes through the same door, limits and rules as the sign-in page.
/// </summary>
internal sealed class PasswordGrant(ISubjects subjects) : IGrant
{
    static readonly TimeSpan DefaultWait = TimeSpan.FromSeconds(1);

    public string GrantType => GrantTypeNames.Password;

    public async Task<Result<Granted>> RunAsync(GrantRequest request, CancellationToken cancellationToken)
    {
        var parameters = request.Parameters;
        if (parameters["username"] is not { } username || parameters["password"] is not { } password)
            return ProtocolError.InvalidRequest("The password grant needs username and password.");
        // Before the hash is paid for: what the client may not ask for is refused whoever the person is.
        if (RequestedScopes.Read(parameters["scope"], request.Client).Failed(out var error, out var scopes))
            return error;

        var result = await subjects.AuthenticateAsync(
            new PasswordCredentials(
                username, password, parameters["new_password"], request.Client.ClientId, request.Address, request.UserAgent),
            role => RequestedScopes.AllowAny(scopes, role),
            request.Batch,
            cancellationToken);
        if (result.Subject is not { } subject)
            return Refuse(result);
        return new Granted(RequestedScopes.Narrow(scopes, subject.Role), subject);
    }

    static ProtocolError Refuse(SubjectResult result) => result.Refusal switch
    {
        SubjectRefusal.TooManyAttempts => ProtocolError.TooManyRequests(result.RetryAfter ?? DefaultWait),
        SubjectRefusal.Busy => ProtocolError.TemporarilyUnavailable(result.RetryAfter ?? DefaultWait),
        SubjectRefusal.Disabled => ProtocolError.InvalidGrant("This account is disabled.", errorCode: "account_disabled"),
        SubjectRefusal.EmailNotConfirmed => ProtocolError.InvalidGrant(
            "The e-mail of this account must be confirmed first, by the link that was mailed.", errorCode: "email_not_confirmed"),
        SubjectRefusal.ScopeNotAllowed => ProtocolError.InvalidScope("This person may have none of the scopes asked for."),
        SubjectRefusal.PasswordChangeRequired => ProtocolError.InvalidGrant(
            "The password must be changed first: send the new one as new_password.", errorCode: "password_change_required"),
        SubjectRefusal.WeakPassword => ProtocolError.InvalidGrant(
            "The new password is too short, too common or too close to the name.", errorCode: "weak_password"),
        _ => ProtocolError.InvalidGrant("The username or the password is wrong."),
    };
}
