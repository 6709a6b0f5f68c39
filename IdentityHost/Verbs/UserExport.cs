using IdentityHost.Data;
using Npgsql;

namespace IdentityHost.Verbs;

/// <summary>Writes accounts as JSON Lines in the order of their ids, as <c>users import</c> reads them.</summary>
internal sealed class UserExport(NpgsqlDataSource database)
{
    /// <param name="output">Takes the lines.</param>
    /// <param name="after">Only ids above this: where a run that was stopped goes on.</param>
    /// <param name="withHashes">Whether password hashes are written; who reads the file can then guess passwords at leisure.</param>
    /// <param name="progress">Told now and then.</param>
    /// <param name="stop">Stops it.</param>
    /// <returns>How many were written.</returns>
    public async Task<long> RunAsync(Stream output, long after, bool withHashes, ProgressBar progress, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        long total;
        await using (var count = new NpgsqlCommand("SELECT count(*) FROM users WHERE id > $1", connection) { Parameters = { Sql.Value(after) }, CommandTimeout = 0 })
            total = (long)(await count.ExecuteScalarAsync(stop))!;
        // A COPY takes no parameters; the number cannot be anything else.
        var hash = withHashes ? "password_hash" : "NULL::text";
        var sql = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"""
            COPY (
                SELECT json_strip_nulls(json_build_object('id', id, 'username', user_name, 'email', email, 'email_verified', email_confirmed, 'name', name,
                    'weight', weight, 'height', height, 'role', CASE role WHEN 1 THEN 'ADMIN' ELSE 'USER' END, 'status', status,
                    'must_change_password', must_change_password, 'password_hash', {hash},
                    'created_at', to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')))::text
                FROM users WHERE id > {after} ORDER BY id) TO STDOUT (FORMAT BINARY)
            """);
        await using var rows = await connection.BeginBinaryExportAsync(sql, stop);
        long written = 0;
        while (await rows.StartRowAsync(stop) >= 0)
        {
            await output.WriteAsync(await rows.ReadAsync<byte[]>(NpgsqlTypes.NpgsqlDbType.Text, stop), stop);
            output.WriteByte((byte)'\n');
            if (++written % 10_000 == 0)
                progress.Show(written, Math.Min(0.999, (double)written / total));
        }
        await output.FlushAsync(stop);
        progress.Show(written, 1);
        return written;
    }
}
