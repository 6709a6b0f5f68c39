using System.Globalization;
using IdentityHost.Data;
using Npgsql;

namespace IdentityHost.Tests.Support;

/// <summary>
/// Moves time for every node at once by replacing <c>identity_now()</c> in the test's database, and has the nodes look at it. Back to
/// normal when disposed.
/// </summary>
public sealed class TestClock(NpgsqlDataSource database, IReadOnlyList<HostNode> nodes)
{
    /// <summary>Sets the database's clock to real time plus <paramref name="offset"/>.</summary>
    public async Task SetAsync(TimeSpan offset)
    {
        var seconds = offset.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture);
        await using var command = database.CreateCommand(
            $"CREATE OR REPLACE FUNCTION identity_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS "
            + $"'SELECT statement_timestamp() + make_interval(secs => {seconds})'");
        await command.ExecuteNonQueryAsync();
        foreach (var node in nodes)
            await node.Service<DatabaseClock>().SynchronizeAsync();
    }
}
