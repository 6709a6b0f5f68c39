using System.Globalization;
using System.Text;
using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Users;
using Npgsql;
using NpgsqlTypes;

namespace IdentityHost.Verbs;

/// <summary>
/// Brings accounts in by COPY, some ten thousand a transaction. How far it is stands in <see cref="ImportNotes"/> beside the file, so that a run that was
/// stopped, however, goes on where it was. Two imports at once make no account twice: the indexes decide, and whom they refuse is named by line.
/// </summary>
internal sealed class UserImport(NpgsqlDataSource database)
{
    const int Batch = 20_000;

    const string StageSql =
        """
        CREATE TEMP TABLE import_users (
            line bigint, user_name text, email text, email_confirmed boolean, name text, weight numeric, height numeric, role smallint, status boolean,
            must_change_password boolean, password_hash text, created_at timestamptz, stamp text DEFAULT gen_random_uuid()::text) ON COMMIT DELETE ROWS
        """;

    const string CopySql =
        "COPY import_users (line, user_name, email, email_confirmed, name, weight, height, role, status, must_change_password, password_hash, created_at) FROM STDIN (FORMAT BINARY)";

    // Names and addresses are ASCII here, so this upper is Identity's normalizer.
    const string InsertSql =
        """
        INSERT INTO users (user_name, normalized_user_name, email, normalized_email, email_confirmed, name, weight, height, role, status, must_change_password,
            password_hash, password_origin, security_stamp, concurrency_stamp, two_factor_enabled, epoch, version, created_at, updated_at)
        SELECT user_name, upper(user_name COLLATE "C"), email, upper(email COLLATE "C"), email_confirmed, name, weight, height, role, status, must_change_password,
            password_hash, CASE WHEN password_hash IS NULL THEN 0 ELSE 1 END, stamp, gen_random_uuid()::text, false, 0, 1,
            coalesce(created_at, identity_now()), identity_now()
        FROM import_users
        """;

    const string NobodyTwice = " ON CONFLICT DO NOTHING";

    // Whose account is not the line's own: the same one was there (null), or the username or the e-mail is another's.
    const string KeptSql =
        """
        SELECT i.line, CASE WHEN u.id IS NULL THEN 'email_taken' WHEN u.normalized_email IS DISTINCT FROM upper(i.email COLLATE "C") THEN 'username_taken' END
        FROM import_users i LEFT JOIN users u ON u.normalized_user_name = upper(i.user_name COLLATE "C")
        WHERE u.security_stamp IS DISTINCT FROM i.stamp ORDER BY i.line
        """;

    bool _metSomebody;

    /// <param name="file">JSON Lines, in UTF-8.</param>
    /// <param name="progress">Told after each batch.</param>
    /// <param name="stop">Stops after the batch that is under way.</param>
    /// <returns>What it came to, with the runs before that were stopped.</returns>
    /// <exception cref="InvalidDataException">Another process imports the file.</exception>
    public async Task<ImportState> RunAsync(string file, ProgressBar progress, CancellationToken stop)
    {
        using var notes = ImportNotes.Open(file);
        await using var connection = await database.OpenConnectionAsync(stop);
        var state = await notes.ResumeAsync(connection, stop);
        progress.Begin(state.Lines);
        await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.SequentialScan);
        // Byte for byte: whoever parses a line judges whether it is UTF-8, and a broken one is not mended in silence.
        using var reader = new StreamReader(stream, Encoding.Latin1, detectEncodingFromByteOrderMarks: false, 1 << 20);
        for (long line = 0; line < state.Lines; line++)
            await reader.ReadLineAsync(stop);
        await ExecuteAsync(connection, StageSql);
        var (rejected, skipped) = (new ImportList(file + ".rejected"), new ImportList(file + ".skipped"));
        rejected.CutTo(state.RejectedBytes);
        skipped.CutTo(state.SkippedBytes);
        // The lines after these are parsed while the database writes these.
        var reading = Read(state.Lines);
        try
        {
            while (await reading is { Lines: > 0 } batch)
            {
                stop.ThrowIfCancellationRequested();
                var before = state;
                reading = Read(before.Lines + batch.Lines);
                // Another import, of another file, may have the same people in another order.
                state = await Conflicts.RetryAsync(() => WriteAsync(connection, batch, before, rejected, skipped, notes));
                progress.Show(state.Lines, batch.Lines < Batch ? 1 : Math.Min(0.999, (double)batch.Position / stream.Length));
            }
        }
        finally
        {
            // It has the file.
            await ((Task)reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        notes.Finish();
        return state;

        Task<ImportBatch> Read(long before) => Task.Run(() => ImportBatch.ReadAsync(reader, before, Batch), CancellationToken.None);
    }

    async Task<ImportState> WriteAsync(
        NpgsqlConnection connection, ImportBatch batch, ImportState before, ImportList rejectedList, ImportList skippedList, ImportNotes notes)
    {
        rejectedList.CutTo(before.RejectedBytes);
        skippedList.CutTo(before.SkippedBytes);
        await using var transaction = await connection.BeginTransactionAsync(CancellationToken.None);
        await StageAsync(connection, batch);
        var added = await InsertAsync(connection, transaction);
        var kept = added == batch.Users.Count ? [] : await KeptAsync(connection);
        if (added > 0)
            await TellAsync(connection, added);

        var rejected = batch.Faults.Concat(kept.Where(k => k.Reason is not null).Select(k => (k.Line, Reason: k.Reason!))).OrderBy(r => r.Line)
            .Select(r => string.Create(CultureInfo.InvariantCulture, $"line {r.Line}: {r.Reason}")).ToList();
        var present = kept.Where(k => k.Reason is null).Select(k => k.Line).ToList();
        rejectedList.Add(rejected);
        skippedList.Add(ImportList.Ranges(present));
        var after = new ImportState(
            before.Lines + batch.Lines, before.Added + added, before.Present + present.Count, before.Rejected + rejected.Count, rejectedList.Length, skippedList.Length);
        await using (var id = new NpgsqlCommand("SELECT pg_current_xact_id()::text", connection))
            notes.Write(before, after, (string)(await id.ExecuteScalarAsync(CancellationToken.None))!);
        await transaction.CommitAsync(CancellationToken.None);
        return after;
    }

    /// <summary>
    /// Asking each index first whether somebody is there costs as much again as the insert (measured: 1.7 s and 0.9 s of CPU for 100,000 rows), so nobody is
    /// asked until the first is met.
    /// </summary>
    async Task<int> InsertAsync(NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        const string Staged = "staged";
        if (!_metSomebody)
        {
            await transaction.SaveAsync(Staged, CancellationToken.None);
            try
            {
                return await ExecuteAsync(connection, InsertSql);
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
            {
                await transaction.RollbackAsync(Staged, CancellationToken.None);
                _metSomebody = true;
            }
        }
        return await ExecuteAsync(connection, InsertSql + NobodyTwice);
    }

    static async Task<List<(long Line, string? Reason)>> KeptAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand(KeptSql, connection) { CommandTimeout = 0 };
        await using var row = await command.ExecuteReaderAsync(CancellationToken.None);
        List<(long, string?)> kept = [];
        while (await row.ReadAsync(CancellationToken.None))
            kept.Add((row.GetInt64(0), row.IsDBNull(1) ? null : row.GetString(1)));
        return kept;
    }

    static async Task StageAsync(NpgsqlConnection connection, ImportBatch batch)
    {
        await using var copy = await connection.BeginBinaryImportAsync(CopySql, CancellationToken.None);
        foreach (var (line, user) in batch.Users)
            Write(copy, line, user);
        await copy.CompleteAsync(CancellationToken.None);
    }

    static void Write(NpgsqlBinaryImporter copy, long line, UserLine user)
    {
        copy.StartRow();
        copy.Write(line, NpgsqlDbType.Bigint);
        copy.Write(user.Username!, NpgsqlDbType.Text);
        Text(user.Email is null ? null : EmailAddress.Canonical(user.Email));
        copy.Write(user.EmailVerified, NpgsqlDbType.Boolean);
        Text(user.Name);
        Number(AccountRules.OneDecimal(user.Weight));
        Number(AccountRules.OneDecimal(user.Height));
        copy.Write((short)(user.Role == "ADMIN" ? UserRole.Admin : UserRole.User), NpgsqlDbType.Smallint);
        copy.Write(user.Status ?? true, NpgsqlDbType.Boolean);
        copy.Write(user.MustChangePassword, NpgsqlDbType.Boolean);
        Text(user.PasswordHash);
        if (user.CreatedAt is { } created)
            // Without an offset it is UTC, wherever the import runs.
            copy.Write(created.Kind == DateTimeKind.Unspecified ? DateTime.SpecifyKind(created, DateTimeKind.Utc) : created.ToUniversalTime(), NpgsqlDbType.TimestampTz);
        else
            copy.WriteNull();

        void Text(string? value)
        {
            if (value is null)
                copy.WriteNull();
            else
                copy.Write(value, NpgsqlDbType.Text);
        }

        void Number(decimal? value)
        {
            if (value is null)
                copy.WriteNull();
            else
                copy.Write(value.Value, NpgsqlDbType.Numeric);
        }
    }

    static async Task TellAsync(NpgsqlConnection connection, int added)
    {
        await using var tell = new NpgsqlCommand(AuditLog.InsertInto + "VALUES ($1, NULL, NULL, NULL, NULL, $2)", connection);
        tell.Parameters.Add(Sql.Value(AuditKinds.UsersImported));
        tell.Parameters.Add(Sql.Value(added.ToString(CultureInfo.InvariantCulture)));
        await tell.ExecuteNonQueryAsync(CancellationToken.None);
    }

    static async Task<int> ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        return await command.ExecuteNonQueryAsync(CancellationToken.None);
    }
}
