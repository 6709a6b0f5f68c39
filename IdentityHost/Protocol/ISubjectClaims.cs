using IdentityHost.Data.Entities;

namespace IdentityHost.Protocol;

/// <summary>What the engine may tell applications about a person. Answered by <c>SignIn/Subjects</c>: the engine knows no users.</summary>
internal interface ISubjectClaims
{
    /// <summary>The person as they are now, by one statement; null for one who is deleted or disabled.</summary>
    Task<SubjectClaims?> FindAsync(long userId, CancellationToken cancellationToken);
}

/// <summary>A person as the standard claims tell of them (OpenID Connect Core §5.1).</summary>
/// <param name="Username"><c>preferred_username</c>.</param>
/// <param name="Name">What they are called; null where they did not say.</param>
/// <param name="Email">Their address; null where there is none.</param>
/// <param name="EmailVerified">Whether it was confirmed here, or by a provider who is trusted with it.</param>
/// <param name="PhoneNumber">As they typed it; nobody has checked it.</param>
/// <param name="Address">The postal address as one would write it on an envelope.</param>
/// <param name="Role">What they may do here.</param>
/// <param name="Picture">Where their picture is, for whoever has the address; null where there is none.</param>
/// <param name="UpdatedAt">When any of it last changed.</param>
internal sealed record SubjectClaims(
    string Username, string? Name, string? Email, bool EmailVerified, string? PhoneNumber, string? Address, UserRole Role, string? Picture,
    DateTimeOffset UpdatedAt);
