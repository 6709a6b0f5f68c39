using System.Diagnostics;
using Npgsql;

namespace IdentityHost.Data.Postgres;

/// <summary>
/// One host's hold on a running cluster: a shared advisory lock on a connection of its own. A host that is killed loses the connection, and
/// with it the hold, without doing anything.
/// </summary>
internal sealed class ClusterShare : IAsyncDisposable
{
    /// <summary>The key of the advisory lock: "IdentEmb" in ASCII.</summary>
    const string Key = "5288463387511319906";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    readonly NpgsqlConnection _connection;

    ClusterShare(NpgsqlConnection connection) => _connection = connection;

    /// <summary>
    /// Starts the cluster if it does not run, and takes a hold on it. A server that is just coming up or going down, because a host was
    /// killed or an operator stopped it, is waited for.
    /// </summary>
    public static async Task<ClusterShare> JoinAsync(PostgresCluster cluster, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            await cluster.StartIfStoppedAsync();
            // The lock belongs to one database, so every host takes it in the same one, whatever database it then uses. No pool: a pooled
            // connection would outlive the hold.
            var connection = new NpgsqlConnection(cluster.Folder.ConnectionString("postgres") + ";Pooling=false;Application Name=identityhost-share");
            try
            {
                await connection.OpenAsync(CancellationToken.None);
                var share = new ClusterShare(connection);
                await share.AskAsync($"SELECT pg_advisory_lock_shared({Key})");
                return share;
            }
            catch (NpgsqlException e) when ((e.IsTransient || e.SqlState is PostgresErrorCodes.CannotConnectNow) && Stopwatch.GetElapsedTime(began) < Patience)
            {
                await connection.DisposeAsync();
                await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
            }
        }
    }

    /// <summary>Creates a database unless it exists. The folder's lock keeps two hosts from doing it at once.</summary>
    public async Task CreateDatabaseIfMissingAsync(string database)
    {
        await using var exists = new NpgsqlCommand("SELECT 1 FROM pg_database WHERE datname = $1", _connection) { Parameters = { Sql.Value(database) } };
        if (await exists.ExecuteScalarAsync() is null)
            await AskAsync($"CREATE DATABASE \"{database.Replace("\"", "\"\"", StringComparison.Ordinal)}\"");
    }

    /// <summary>Gives the hold up. True when no other host has one: the caller then stops the cluster.</summary>
    public async Task<bool> LeaveAsync()
    {
        try
        {
            await AskAsync($"SELECT pg_advisory_unlock_shared({Key})");
            return await AskAsync($"SELECT pg_try_advisory_lock({Key})") is true;
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException)
        {
            // The server is gone, or went and came back without us: there is nothing of ours to stop.
            return false;
        }
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    async Task<object?> AskAsync(string sql)
    {
        await using var command = new NpgsqlCommand(sql, _connection);
        return await command.ExecuteScalarAsync(CancellationToken.None);
    }
}
