namespace IdentityHost.Users;

/// <summary>The section <c>Users</c>: account policy.</summary>
internal sealed class UsersOptions
{
    public const string Section = "Users";

    /// <summary>Whether people may register themselves.</summary>
    public bool SelfRegistration { get; set; } = true;
}
