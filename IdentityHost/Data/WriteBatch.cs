using Npgsql;

namespace IdentityHost.Data;

/// <summary>
/// Statements that belong together: sent in one round trip and committed in one transaction, all or none. A feature adds the rows that it owes
/// (a session, an audit event), the one that began it executes it.
/// </summary>
internal sealed class WriteBatch
{
    readonly List<Statement> _statements = [];
    readonly List<Func<Task>> _afterCommit = [];

    /// <summary>Adds one statement with its positional parameters (<c>$1</c> …).</summary>
    public void Add(string sql, params NpgsqlParameter[] parameters) => _statements.Add(new Statement(sql, parameters, Kept: false));

    /// <summary>
    /// Adds a condition of the whole: a statement that answers with a row where it holds, and else fails (a division by zero), so that nothing of the
    /// rest stands.
    /// </summary>
    public void AddCheck(string sql, params NpgsqlParameter[] parameters) => AddRead(sql, static _ => { }, parameters);

    /// <summary>Adds one statement that answers with rows, and what to do with each. Only these and checks may answer with rows.</summary>
    public void AddRead(string sql, Action<NpgsqlDataReader> read, params NpgsqlParameter[] parameters) =>
        _statements.Add(new Statement(sql, parameters, Kept: false) { Read = read });

    /// <summary>Adds a statement that is owed even if the rest is not wanted any more: a verdict that was given stays given.</summary>
    public void AddKept(string sql, params NpgsqlParameter[] parameters) => _statements.Add(new Statement(sql, parameters, Kept: true));

    /// <summary>Something to be done, and waited for, once all of it has committed; the same one is done once.</summary>
    public void AfterCommit(Func<Task> action)
    {
        if (!_afterCommit.Contains(action))
            _afterCommit.Add(action);
    }

    /// <summary>Sends all of it.</summary>
    /// <returns>How many rows the statements wrote (each its last part, where it has several).</returns>
    public async Task<int> ExecuteAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        int written;
        try
        {
            written = await SendAsync(_statements, database, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Whether it was in time nobody knows: it may have committed.
            await CommittedAsync();
            throw;
        }
        await CommittedAsync();
        return written;
    }

    /// <summary>
    /// Sends all of it within a transaction that is open already; nothing is tried again. Whoever commits calls <see cref="CommittedAsync"/>
    /// afterwards.
    /// </summary>
    /// <returns>How many rows the statements wrote.</returns>
    public async Task<int> ExecuteAsync(NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        if (_statements.Count == 0)
            return 0;
        await using var batch = new NpgsqlBatch(transaction.Connection, transaction);
        foreach (var statement in _statements)
            batch.BatchCommands.Add(statement.NewCommand());
        return await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Does, and waits for, what was to be done after the commit.</summary>
    public async Task CommittedAsync()
    {
        foreach (var action in _afterCommit)
            await action();
    }

    /// <summary>Sends only what is owed anyway: the rest was refused, or failed and was rolled back.</summary>
    public Task AbandonAsync(NpgsqlDataSource database, CancellationToken cancellationToken) =>
        SendAsync(_statements.FindAll(s => s.Kept), database, cancellationToken);

    static async Task<int> SendAsync(List<Statement> statements, NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        if (statements.Count == 0)
            return 0;
        return await Conflicts.RetryAsync(async () =>
        {
            await using var batch = database.CreateBatch();
            foreach (var statement in statements)
                batch.BatchCommands.Add(statement.NewCommand());
            if (!statements.Exists(s => s.Read is not null))
                return await batch.ExecuteNonQueryAsync(cancellationToken);
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            return await ReadAsync(statements, reader, cancellationToken);
        });
    }

    /// <summary>The driver passes over statements without rows by itself, so the results are those of the reading statements, in order.</summary>
    static async Task<int> ReadAsync(List<Statement> statements, NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        foreach (var read in statements.Select(s => s.Read).OfType<Action<NpgsqlDataReader>>())
        {
            while (await reader.ReadAsync(cancellationToken))
                read(reader);
            await reader.NextResultAsync(cancellationToken);
        }
        return reader.RecordsAffected;
    }

    /// <summary>A statement may be sent more than once, and the driver's command and parameters belong to one sending.</summary>
    sealed record Statement(string Sql, NpgsqlParameter[] Parameters, bool Kept)
    {
        bool _sent;

        public Action<NpgsqlDataReader>? Read { get; init; }

        public NpgsqlBatchCommand NewCommand()
        {
            var command = new NpgsqlBatchCommand(Sql);
            foreach (var parameter in Parameters)
                command.Parameters.Add(_sent ? parameter.Clone() : parameter);
            _sent = true;
            return command;
        }
    }
}
