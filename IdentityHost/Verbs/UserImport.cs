using System.Globalization;
using System.Text;
using System.Text.Json;
using IdentityHost.Audit;
using IdentityHost.Data.Entities;
using IdentityHost.Users;
using Npgsql;
using NpgsqlTypes;

namespace IdentityHost.Verbs;

/// <summary>What an import came to.</summary>
/// <param name="Lines">Read in this run.</param>
/// <param name="Added">Accounts that were made.</param>
/// <param name="Present">Lines whose username or e-mail was somebody's already.</param>
/// <param name="Rejected">Lines with a fault; each is named in the file of rejections.</param>
internal sealed record ImportResult(long Lines, long Added, long Present, long Rejected);

/// <summary>
/// Brings accounts in by COPY, some ten thousand a transaction. How far it is stands beside the file, so that a run that was stopped goes on where it
/// was; lines that were committed and not noted are found to be there already.
/// </summary>
internal sealed class UserImport(NpgsqlDataSource database)
{
    const int Batch = 20_000;

    const string StageSql =
        """
        CREATE TEMP TABLE import_users (
            user_name text, email text, email_confirmed boolean, name text, weight numeric, height numeric, role smallint, status boolean,
            must_change_password boolean, password_hash text, created_at timestamptz) ON COMMIT DELETE ROWS
        """;

    const string CopySql =
        "COPY import_users (user_name, email, email_confirmed, name, weight, height, role, status, must_change_password, password_hash, created_at) FROM STDIN (FORMAT BINARY)";

    // Names and addresses are ASCII here, so this upper is Identity's normalizer.
    const string InsertSql =
        """
        INSERT INTO users (user_name, normalized_user_name, email, normalized_email, email_confirmed, name, weight, height, role, status, must_change_password,
            password_hash, password_origin, security_stamp, concurrency_stamp, two_factor_enabled, epoch, version, created_at, updated_at)
        SELECT user_name, upper(user_name COLLATE "C"), email, upper(email COLLATE "C"), email_confirmed, name, weight, height, role, status, must_change_password,
            password_hash, CASE WHEN password_hash IS NULL THEN 0 ELSE 1 END, gen_random_uuid()::text, gen_random_uuid()::text, false, 0, 1,
            coalesce(created_at, identity_now()), identity_now()
        FROM import_users ON CONFLICT DO NOTHING
        """;

    /// <param name="file">JSON Lines.</param>
    /// <param name="progress">Told after each batch.</param>
    /// <param name="stop">Stops after the batch that is under way.</param>
    public async Task<ImportResult> RunAsync(string file, ProgressBar progress, CancellationToken stop)
    {
        var (noted, rejections) = (file + ".progress", file + ".rejected");
        long line = File.Exists(noted) ? long.Parse(await File.ReadAllTextAsync(noted, stop), CultureInfo.InvariantCulture) : 0;
        progress.Begin(line);
        var result = new ImportResult(0, 0, 0, 0);
        await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.SequentialScan);
        using var reader = new StreamReader(stream, Encoding.UTF8, detectEncodingFromByteOrderMarks: true, 1 << 20);
        for (long skipped = 0; skipped < line; skipped++)
            await reader.ReadLineAsync(stop);
        await using var connection = await database.OpenConnectionAsync(stop);
        await ExecuteAsync(connection, StageSql);
        var faults = new List<string>();
        int read;
        do
        {
            stop.ThrowIfCancellationRequested();
            faults.Clear();
            await using var transaction = await connection.BeginTransactionAsync(CancellationToken.None);
            (read, var staged) = await StageAsync(connection, reader, line, faults);
            var added = await ExecuteAsync(connection, InsertSql);
            if (added > 0)
                await TellAsync(connection, added);
            await transaction.CommitAsync(CancellationToken.None);
            line += read;
            if (faults.Count > 0)
                await File.AppendAllLinesAsync(rejections, faults, CancellationToken.None);
            await File.WriteAllTextAsync(noted, line.ToString(CultureInfo.InvariantCulture), CancellationToken.None);
            result = new ImportResult(result.Lines + read, result.Added + added, result.Present + staged - added, result.Rejected + faults.Count);
            progress.Show(line, read < Batch ? 1 : Math.Min(0.999, (double)stream.Position / stream.Length));
        }
        while (read == Batch);
        File.Delete(noted);
        return result;
    }

    /// <summary>Up to a batch of lines into the staging table; blank ones count and are nothing.</summary>
    static async Task<(int Read, int Staged)> StageAsync(NpgsqlConnection connection, StreamReader reader, long before, List<string> faults)
    {
        var (read, staged) = (0, 0);
        await using var copy = await connection.BeginBinaryImportAsync(CopySql, CancellationToken.None);
        while (read < Batch && await reader.ReadLineAsync(CancellationToken.None) is { } text)
        {
            read++;
            if (string.IsNullOrWhiteSpace(text))
                continue;
            UserLine user;
            string? fault;
            try
            {
                user = UserLine.Parse(Encoding.UTF8.GetBytes(text));
                fault = user.Fault();
            }
            catch (JsonException)
            {
                (user, fault) = (new UserLine(), "not a JSON object of known members");
            }
            if (fault is not null)
            {
                faults.Add(string.Create(CultureInfo.InvariantCulture, $"line {before + read}: {fault}"));
                continue;
            }
            Write(copy, user);
            staged++;
        }
        await copy.CompleteAsync(CancellationToken.None);
        return (read, staged);
    }

    static void Write(NpgsqlBinaryImporter copy, UserLine user)
    {
        copy.StartRow();
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
            copy.Write(created.ToUniversalTime(), NpgsqlDbType.TimestampTz);
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
        tell.Parameters.Add(Data.Sql.Value(AuditKinds.UsersImported));
        tell.Parameters.Add(Data.Sql.Value(added.ToString(CultureInfo.InvariantCulture)));
        await tell.ExecuteNonQueryAsync(CancellationToken.None);
    }

    static async Task<int> ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        return await command.ExecuteNonQueryAsync(CancellationToken.None);
    }
}
