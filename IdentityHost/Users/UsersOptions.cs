namespace IdentityHost.Users;

/// <summary>The section <c>Users</c>: account policy.</summary>
internal sealed class UsersOptions
{
    public const string Section = "Users";

    /// <summary>Whether people may register themselves, also by a first sign-in at another provider.</summary>
    public bool SelfRegistration { get; set; } = true;
}
