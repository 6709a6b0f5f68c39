using Npgsql;

namespace IdentityHost.Data;

/// <summary>
/// Statements that belong together: sent in one round trip and committed in one transaction. A feature adds the rows that it owes
/// (a session, an audit event), the one that began it executes it.
/// </summary>
internal sealed class WriteBatch
{
    readonly List<NpgsqlBatchCommand> _commands = [];
    readonly List<NpgsqlBatchCommand> _kept = [];

    /// <summary>Adds one statement with its positional parameters (<c>$1</c> …).</summary>
    public NpgsqlBatchCommand Add(string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
            command.Parameters.Add(parameter);
        _commands.Add(command);
        return command;
    }

    /// <summary>Adds a statement that is owed even if the rest is not wanted any more: a verdict that was given stays given.</summary>
    public NpgsqlBatchCommand AddKept(string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = Add(sql, parameters);
        _kept.Add(command);
        return command;
    }

    /// <summary>Sends only what is owed anyway.</summary>
    public Task AbandonAsync(NpgsqlDataSource database, CancellationToken cancellationToken) => SendAsync(_kept, database, cancellationToken);

    /// <summary>Sends all of it. Afterwards <see cref="NpgsqlBatchCommand.RecordsAffected"/> of each statement tells what it did.</summary>
    public Task ExecuteAsync(NpgsqlDataSource database, CancellationToken cancellationToken) => SendAsync(_commands, database, cancellationToken);

    static async Task SendAsync(List<NpgsqlBatchCommand> commands, NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        if (commands.Count == 0)
            return;
        await Conflicts.RetryAsync(async () =>
        {
            await using var batch = database.CreateBatch();
            foreach (var command in commands)
                batch.BatchCommands.Add(command);
            return await batch.ExecuteNonQueryAsync(cancellationToken);
        });
    }
}
