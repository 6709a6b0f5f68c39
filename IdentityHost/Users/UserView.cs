using IdentityHost.Data.Entities;
using Npgsql;

namespace IdentityHost.Users;

/// <summary>What the API tells about a user, and nothing that it must not: no hash, stamp, token or counter is ever read into it.</summary>
internal sealed record UserView(
    long Id,
    string Username,
    string? Email,
    bool EmailVerified,
    string? Name,
    decimal? Weight,
    decimal? Height,
    UserRole Role,
    bool Status,
    bool HasPassword,
    bool HasGoogle,
    bool MustChangePassword,
    DateTime CreatedAt,
    DateTime UpdatedAt,
    long Version,
    DateTime? LastSignInAt,
    int? PictureVersion = null,
    string? PendingEmail = null)
{
    /// <summary>The columns <see cref="Read"/> expects, with the tables they come from under the aliases u and s.</summary>
    public const string Columns =
        """
        u.id, u.user_name, u.email, u.email_confirmed, u.name, u.weight, u.height, u.role, u.status, u.password_origin <> 0, u.must_change_password,
        u.created_at, u.updated_at, u.version, s.last_sign_in_at,
        EXISTS (SELECT 1 FROM user_logins l WHERE l.user_id = u.id AND l.login_provider = 'Google'),
        (SELECT p.version FROM user_pictures p WHERE p.user_id = u.id), u.pending_email
        """;

    /// <summary>A user that was just made.</summary>
    public static UserView Of(User user) => new(
        user.Id, user.UserName!, user.Email, user.EmailConfirmed, user.Name, user.Weight, user.Height, user.Role, user.Status,
        user.PasswordOrigin != PasswordOrigin.None, HasGoogle: false, user.MustChangePassword, user.CreatedAt.UtcDateTime, user.UpdatedAt.UtcDateTime,
        user.Version, LastSignInAt: null);

    public static UserView Read(NpgsqlDataReader row) => new(
        row.GetInt64(0),
        row.GetString(1),
        row.IsDBNull(2) ? null : row.GetString(2),
        row.GetBoolean(3),
        row.IsDBNull(4) ? null : row.GetString(4),
        row.IsDBNull(5) ? null : row.GetDecimal(5),
        row.IsDBNull(6) ? null : row.GetDecimal(6),
        (UserRole)row.GetInt16(7),
        row.GetBoolean(8),
        HasPassword: row.GetBoolean(9),
        HasGoogle: row.GetBoolean(15),
        MustChangePassword: row.GetBoolean(10),
        row.GetDateTime(11),
        row.GetDateTime(12),
        row.GetInt64(13),
        row.IsDBNull(14) ? null : row.GetDateTime(14),
        row.IsDBNull(16) ? null : row.GetInt32(16),
        row.IsDBNull(17) ? null : row.GetString(17));
}
