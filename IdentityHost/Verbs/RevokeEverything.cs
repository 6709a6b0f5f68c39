using IdentityHost.Revocation;
using Npgsql;

namespace IdentityHost.Verbs;

/// <summary>
/// The verb <c>revoke-everything</c>: every token and session dies, on every node, and everybody signs in again. For what the host cannot see
/// by itself (a data folder that was copied back while no node ran) and for a breach.
/// </summary>
internal static class RevokeEverything
{
    public const string Name = "revoke-everything";
    public const string Description = "Ends every session and kills every token on every node, and ends; people sign in again.";

    public static Task<int> RunAsync(string[] settings, CancellationToken stop) => VerbHost.RunAsync(settings, RevokeAsync, stop);

    static async Task<int> RevokeAsync(WebApplication app, CancellationToken stop)
    {
        await using var connection = await app.Services.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync(stop);
        var epoch = await app.Services.GetRequiredService<RestoreGuard>().RevokeEverythingAsync(connection, stop);
        await Console.Out.WriteLineAsync($"Every token and session is dead; the global epoch is {epoch}. Nodes that run obey within two seconds.");
        return 0;
    }
}
