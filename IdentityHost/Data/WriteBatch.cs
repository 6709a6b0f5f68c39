using Npgsql;

namespace IdentityHost.Data;

/// <summary>
/// Statements that belong together: sent in one round trip and committed in one transaction. A feature adds the rows that it owes
/// (a session, an audit event), the one that began it executes it.
/// </summary>
internal sealed class WriteBatch
{
    readonly List<NpgsqlBatchCommand> _commands = [];

    public int Count => _commands.Count;

    /// <summary>Adds one statement with its positional parameters (<c>$1</c> …).</summary>
    public NpgsqlBatchCommand Add(string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
            command.Parameters.Add(parameter);
        _commands.Add(command);
        return command;
    }

    /// <summary>Sends all of it. Afterwards <see cref="NpgsqlBatchCommand.RecordsAffected"/> of each statement tells what it did.</summary>
    public async Task ExecuteAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        if (_commands.Count == 0)
            return;
        await using var batch = database.CreateBatch();
        foreach (var command in _commands)
            batch.BatchCommands.Add(command);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }
}
