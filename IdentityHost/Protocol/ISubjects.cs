using IdentityHost.Data;
using IdentityHost.Data.Entities;

namespace IdentityHost.Protocol;

/// <summary>How the engine asks people in. Answered by <c>SignIn/PasswordSignIn</c>: the engine knows neither users nor how they sign in.</summary>
internal interface ISubjects
{
    /// <summary>
    /// Proves a person by password and, if that succeeds, adds what the sign-in owes (its session, the attempt's verdict, the audit) to
    /// <paramref name="batch"/>. Nothing of it stands until the caller has executed the batch
    /// (or, after a refusal, abandoned it); wrong passwords are recorded at once.
    /// </summary>
    /// <param name="credentials">What was typed.</param>
    /// <param name="mayServe">Whether a person of this role can be given any of what was asked for. Asked before anything is changed.</param>
    /// <param name="batch">Takes what the sign-in owes.</param>
    /// <param name="cancellationToken">Stops the wait for a verdict.</param>
    Task<SubjectResult> AuthenticateAsync(
        PasswordCredentials credentials, Func<UserRole, bool> mayServe, WriteBatch batch, CancellationToken cancellationToken);
}

/// <summary>What a password sign-in was tried with.</summary>
/// <param name="Identifier">Username or e-mail, as typed.</param>
/// <param name="Password">As typed.</param>
/// <param name="NewPassword">The password to change to, where the old one must be changed.</param>
/// <param name="ClientId">The application it came through, for the audit.</param>
/// <param name="Address">Where it came from.</param>
/// <param name="UserAgent">What it says it is.</param>
internal sealed record PasswordCredentials(
    string Identifier, string Password, string? NewPassword, string ClientId, string Address, string? UserAgent)
{
    /// <summary>Without the secrets.</summary>
    public override string ToString() => $"password credentials through {ClientId}";
}

/// <summary>A person who has proved who they are.</summary>
/// <param name="Id">The person.</param>
/// <param name="Epoch">Goes into their tokens: raising the row's kills them.</param>
/// <param name="Role">Narrows what they can be given.</param>
/// <param name="SessionId">The session that everything hangs on.</param>
/// <param name="SessionExpiresAt">No token outlives it.</param>
/// <param name="AuthTime">When they proved it.</param>
/// <param name="Amr">How (RFC 8176 values, space separated).</param>
internal sealed record Subject(
    long Id, int Epoch, UserRole Role, Guid SessionId, DateTimeOffset SessionExpiresAt, DateTimeOffset AuthTime, string Amr);

/// <summary>Why a person was not signed in.</summary>
internal enum SubjectRefusal
{
    /// <summary>Unknown name, wrong password, or none that works: one answer.</summary>
    InvalidCredentials,

    /// <summary>Right password, but the account is disabled.</summary>
    Disabled,

    /// <summary>Right password, but the person has not confirmed their e-mail, and the operator wants it.</summary>
    EmailNotConfirmed,

    /// <summary>Right password, but the person's role allows none of the scopes asked for.</summary>
    ScopeNotAllowed,

    /// <summary>Right password, but it must be changed first (send <c>new_password</c>).</summary>
    PasswordChangeRequired,

    /// <summary>The new password is not acceptable.</summary>
    WeakPassword,

    /// <summary>Too many wrong attempts for this name from this address, or for whatever names from it.</summary>
    TooManyAttempts,

    /// <summary>The hashing queue is full, or attempts for this name wait too long.</summary>
    Busy,
}

/// <summary>A person or the reason for a refusal.</summary>
internal readonly record struct SubjectResult(Subject? Subject, SubjectRefusal? Refusal, TimeSpan? RetryAfter)
{
    public static implicit operator SubjectResult(Subject subject) => new(subject, null, null);

    public static SubjectResult Refused(SubjectRefusal refusal, TimeSpan? retryAfter = null) => new(null, refusal, retryAfter);
}
