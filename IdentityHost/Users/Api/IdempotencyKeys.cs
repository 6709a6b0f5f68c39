using System.Security.Cryptography;
using IdentityHost.Data;
using Microsoft.AspNetCore.DataProtection;
using Npgsql;

namespace IdentityHost.Users.Api;

/// <summary>What became of asking for a key.</summary>
internal enum KeyState
{
    /// <summary>It is the caller's: they do what they came for, and keep the answer or give the key back.</summary>
    Taken,

    /// <summary>Somebody else does it at this moment.</summary>
    InFlight,

    /// <summary>It was done; the answer is there.</summary>
    Answered,

    /// <summary>It was, or is being, used for another request.</summary>
    Reused,
}

/// <summary>An answer that was given once.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="ETag">Its version, if it named one.</param>
/// <param name="Body">JSON, without what may be shown only once.</param>
internal sealed record KeptAnswer(int Status, string? ETag, string Body);

/// <summary>
/// The table <c>idempotency_keys</c>. A key is taken by one statement, so that of two requests on two nodes one does the work and the other waits for
/// its answer. Answers are encrypted: they hold what people told about themselves.
/// </summary>
internal sealed class IdempotencyKeys(NpgsqlDataSource database, IDataProtectionProvider protection)
{
    /// <summary>How long an answer is given again.</summary>
    static readonly TimeSpan Keep = TimeSpan.FromHours(24);

    /// <summary>A node that dies at work gives the key back after this long; longer than any creation takes.</summary>
    static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);

    const string TakeSql =
        """
        WITH taken AS (
            INSERT INTO idempotency_keys AS k (key, request_hash, status, protected_answer, expires_at)
            VALUES ($1, $2, 0, '', identity_now() + $3)
            ON CONFLICT (key) DO UPDATE SET request_hash = $2, status = 0, protected_answer = '', expires_at = identity_now() + $3
            WHERE k.expires_at <= identity_now()
            RETURNING 1)
        SELECT EXISTS (SELECT FROM taken), k.request_hash, k.status, k.protected_answer
        FROM (SELECT) one LEFT JOIN idempotency_keys k ON k.key = $1
        """;

    readonly IDataProtector _protector = protection.CreateProtector("IdentityHost.Users.IdempotencyKeys");

    /// <param name="key">Hash of caller, operation and key.</param>
    /// <param name="request">Hash of what was sent.</param>
    public async Task<(KeyState State, KeptAnswer? Answer)> TakeAsync(byte[] key, byte[] request)
    {
        await using var command = database.CreateCommand(TakeSql);
        command.Parameters.Add(Sql.Value(key));
        command.Parameters.Add(Sql.Value(request));
        command.Parameters.Add(Sql.Value(Lease));
        // Not cancelled half-way: a key that was taken for a caller who has gone would be nobody's.
        await using var row = await command.ExecuteReaderAsync(CancellationToken.None);
        await row.ReadAsync(CancellationToken.None);
        if (row.GetBoolean(0))
            return (KeyState.Taken, null);
        // Taken by a statement that this one did not see yet: it is in flight.
        if (row.IsDBNull(1))
            return (KeyState.InFlight, null);
        if (!CryptographicOperations.FixedTimeEquals(row.GetFieldValue<byte[]>(1), request))
            return (KeyState.Reused, null);
        return row.GetInt32(2) is > 0 and var status
            ? (KeyState.Answered, Read(status, row.GetFieldValue<byte[]>(3)))
            : (KeyState.InFlight, null);
    }

    /// <summary>Keeps the answer for those who come with the key again.</summary>
    public async Task KeepAsync(byte[] key, KeptAnswer answer)
    {
        await using var command = database.CreateCommand(
            "UPDATE idempotency_keys SET status = $2, protected_answer = $3, expires_at = identity_now() + $4 WHERE key = $1");
        command.Parameters.Add(Sql.Value(key));
        command.Parameters.Add(Sql.Value(answer.Status));
        command.Parameters.Add(Sql.Value(_protector.Protect(System.Text.Encoding.UTF8.GetBytes($"{answer.ETag}\n{answer.Body}"))));
        command.Parameters.Add(Sql.Value(Keep));
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }

    /// <summary>Nothing was made: the next one with the key may try.</summary>
    public async Task GiveBackAsync(byte[] key)
    {
        await using var command = database.CreateCommand("DELETE FROM idempotency_keys WHERE key = $1 AND status = 0");
        command.Parameters.Add(Sql.Value(key));
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }

    KeptAnswer Read(int status, byte[] sealedAnswer)
    {
        var parts = System.Text.Encoding.UTF8.GetString(_protector.Unprotect(sealedAnswer)).Split('\n', 2);
        return new KeptAnswer(status, parts[0].Length == 0 ? null : parts[0], parts[1]);
    }
}
