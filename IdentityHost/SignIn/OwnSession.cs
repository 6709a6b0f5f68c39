using IdentityHost.Data;
using IdentityHost.ResourceServer;
using Npgsql;

namespace IdentityHost.SignIn;

/// <summary>The sign-in that a request's token hangs on.</summary>
internal sealed class OwnSession(NpgsqlDataSource database)
{
    /// <summary>So long after a sign-in nobody is asked for the password again.</summary>
    static readonly TimeSpan Fresh = TimeSpan.FromMinutes(5);

    /// <summary>Null for a token without one.</summary>
    public static Guid? Of(HttpContext context) =>
        context.Features.Get<IAccessTokenFeature>()?.Token.SessionId is { } text && Guid.TryParseExact(text, "N", out var id) ? id : null;

    /// <summary>Whether the person has proved who they are in the last five minutes, by whatever means.</summary>
    public async Task<bool> IsFreshAsync(HttpContext context, long userId)
    {
        if (Of(context) is not { } session)
            return false;
        await using var command = database.CreateCommand(
            "SELECT 1 FROM sessions WHERE id = $1 AND user_id = $2 AND ended_at IS NULL AND auth_time > identity_now() - $3");
        command.Parameters.Add(Sql.Value(session));
        command.Parameters.Add(Sql.Value(userId));
        command.Parameters.Add(Sql.Value(Fresh));
        return await command.ExecuteScalarAsync(context.RequestAborted) is not null;
    }
}
