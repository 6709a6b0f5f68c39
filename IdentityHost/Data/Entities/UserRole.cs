namespace IdentityHost.Data.Entities;

/// <summary>A person's role. Scopes are narrowed to what it allows.</summary>
internal enum UserRole
{
    User = 0,
    Admin = 1,
}

/// <summary>Roles as tokens, cookies and the users API name them.</summary>
internal static class UserRoles
{
    public const string User = "USER";
    public const string Admin = "ADMIN";

    public static string NameOf(UserRole role) => role == UserRole.Admin ? Admin : User;
}
