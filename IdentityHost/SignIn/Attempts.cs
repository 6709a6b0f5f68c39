using System.Data;
using System.Security.Cryptography;
using System.Text;
using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using Microsoft.Extensions.Options;
using Npgsql;

namespace IdentityHost.SignIn;

/// <summary>What came of asking for a slot.</summary>
/// <param name="Lease">The slot, or null where none was free.</param>
/// <param name="BlockedFor">How long this identifier is still blocked from this address.</param>
/// <param name="Person">The account of that name, if there is one.</param>
internal sealed record AttemptSlot(byte[] Key, DateTime? Lease, TimeSpan? BlockedFor, PersonAtTheDoor? Person);

/// <summary>What the door must know of an account.</summary>
internal sealed record PersonAtTheDoor(
    long Id, string UserName, string? Email, string? PasswordHash, bool Active, UserRole Role, int Epoch, bool MustChangePassword, bool PasswordExpired,
    bool EmailConfirmed, string? SecurityStamp);

/// <summary>
/// Counts sign-in attempts, by identifier and address. A slot is taken in one statement that is committed before the password is hashed (no
/// row stays locked for the length of a hash); while it is in flight it counts against the limit, and afterwards only if the verdict was
/// wrong. So wrong passwords in parallel never get more tries than wrong passwords in turn, and right ones lock nobody.
/// </summary>
internal sealed class Attempts(NpgsqlDataSource database, IOptions<SignInLimits> limits)
{
    /// <summary>A node that dies while hashing gives its slot back after this long.</summary>
    static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    /// <summary>2^10 times the first block is beyond every longest one; more would overflow an interval.</summary>
    const int LargestExponent = 10;

    /// <summary>
    /// What is from the future was written before the database's clock was put back, and would hold as much longer. A minute is more than a statement
    /// may wait for a lock, which makes rows look as young.
    /// </summary>
    const string Future = "identity_now() + interval '1 minute'";

    const string Forgotten = $"(a.updated_at < identity_now() - $3 OR a.updated_at > {Future})";
    const string Failures = $"CASE WHEN {Forgotten} THEN 0 ELSE a.failures END";
    const string Leases = $"FROM unnest(a.leases) l WHERE l > identity_now() AND l <= {Future} + $2";

    const string Free =
        $"(a.blocked_until IS NULL OR a.blocked_until <= identity_now() OR a.updated_at > {Future}) AND {Failures} + (SELECT count(*) {Leases}) < $4";

    // The condition stands there twice. The second decides, on the row as it is; the first spares a refused attempt even the lock on the row: who is
    // blocked, or waits, must not make the database write.
    const string TakeSql =
        $"""
        WITH slot AS (
            INSERT INTO sign_in_attempts AS a (key, failures, blocks, leases, updated_at)
            SELECT $1, 0, 0, ARRAY[identity_now() + $2], identity_now()
            WHERE NOT EXISTS (SELECT FROM sign_in_attempts a WHERE a.key = $1 AND NOT ({Free}))
            ON CONFLICT (key) DO UPDATE SET
                failures = {Failures},
                blocks = CASE WHEN {Forgotten} THEN 0 ELSE a.blocks END,
                blocked_until = CASE WHEN {Forgotten} THEN NULL ELSE a.blocked_until END,
                leases = array(SELECT l {Leases}) || (identity_now() + $2),
                updated_at = identity_now()
            WHERE {Free}
            RETURNING a.leases[cardinality(a.leases)] AS lease)
        SELECT slot.lease, blocked.blocked_until - identity_now(),
               u.id, u.user_name, u.email, u.password_hash, u.status, u.role, u.epoch, u.must_change_password,
               u.password_expires_at IS NOT NULL AND u.password_expires_at <= identity_now(), u.email_confirmed, u.security_stamp
        FROM (SELECT) one
        LEFT JOIN slot ON true
        LEFT JOIN sign_in_attempts blocked ON blocked.key = $1 AND blocked.blocked_until > identity_now()
            AND blocked.updated_at <= identity_now() + interval '1 minute'
        LEFT JOIN users u ON
        """;

    const string ByName = TakeSql + " u.normalized_user_name = $5";
    const string ByEmail = TakeSql + " u.normalized_email = $5";

    const string WithoutLease =
        "array(SELECT x.l FROM unnest(leases) WITH ORDINALITY x(l, n) WHERE x.n <> coalesce(array_position(leases, $2), 0) ORDER BY x.n)";

    // After a block one attempt is allowed at a time, and each wrong one blocks again, for longer.
    const string WrongSql =
        $"""
        UPDATE sign_in_attempts SET
            leases = {WithoutLease},
            failures = least(failures + 1, $3 - 1),
            blocks = CASE WHEN failures + 1 >= $3 THEN blocks + 1 ELSE blocks END,
            blocked_until = CASE WHEN failures + 1 >= $3
                THEN identity_now() + least($4 * power(2, least(blocks, $6)), $5) ELSE blocked_until END,
            updated_at = identity_now()
        WHERE key = $1
        """;

    // Told once for each block, by the wrong password that caused it: it runs in the transaction of WrongSql, whose slot was taken while nothing was blocked.
    const string TellBlockSql = AuditLog.InsertInto
        + "SELECT $2, NULL, $3, $4, $5, NULL FROM sign_in_attempts WHERE key = $1 AND blocked_until > identity_now()";

    const string ReleaseSql = $"UPDATE sign_in_attempts SET leases = {WithoutLease} WHERE key = $1";

    const string RightSql =
        $"UPDATE sign_in_attempts SET leases = {WithoutLease}, failures = 0, blocks = 0, blocked_until = NULL WHERE key = $1";

    readonly SignInLimits _limits = limits.Value;

    /// <summary>Asks for a slot and reads the account, in one statement.</summary>
    /// <param name="normalized">The identifier, normalized as accounts are.</param>
    /// <param name="address">Where the attempt comes from.</param>
    /// <param name="cancellationToken">Stops the statement.</param>
    public async Task<AttemptSlot> TakeAsync(string normalized, string address, CancellationToken cancellationToken)
    {
        var key = SHA256.HashData(Encoding.UTF8.GetBytes($"{normalized}\n{address}"));
        await using var command = database.CreateCommand(normalized.Contains('@') ? ByEmail : ByName);
        var parameters = command.Parameters;
        parameters.Add(Sql.Value(key));
        parameters.Add(Sql.Value(Lease));
        parameters.Add(Sql.Value(_limits.Forget));
        parameters.Add(Sql.Value(_limits.Failures));
        parameters.Add(Sql.Value(normalized));
        await using var reader = await command.ExecuteReaderAsync(CommandBehavior.SingleRow, cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new AttemptSlot(
            key,
            reader.IsDBNull(0) ? null : reader.GetDateTime(0),
            reader.IsDBNull(1) ? null : reader.GetTimeSpan(1),
            reader.IsDBNull(2) ? null : ReadPerson(reader));
    }

    /// <summary>The password was right: the slot is free and the series forgotten, when <paramref name="batch"/> commits.</summary>
    public static void AddRight(WriteBatch batch, AttemptSlot slot) => batch.AddKept(RightSql, Sql.Value(slot.Key), Sql.Value(slot.Lease!.Value));

    /// <summary>The password was wrong: it counts, and perhaps blocks.</summary>
    public void AddWrong(WriteBatch batch, AttemptSlot slot, string clientId, string address)
    {
        batch.Add(
            WrongSql,
            Sql.Value(slot.Key),
            Sql.Value(slot.Lease!.Value),
            Sql.Value(_limits.Failures),
            Sql.Value(_limits.Block),
            Sql.Value(_limits.LongestBlock),
            Sql.Value(LargestExponent));
        batch.Add(
            TellBlockSql,
            Sql.Value(slot.Key),
            Sql.Value(AuditKinds.SignInBlocked),
            Sql.Optional(slot.Person?.Id),
            Sql.Value(clientId),
            Sql.Value(address));
    }

    /// <summary>There was no verdict (the queue was full, the caller went away): the attempt does not count.</summary>
    public async Task ReleaseAsync(AttemptSlot slot)
    {
        var batch = new WriteBatch();
        batch.Add(ReleaseSql, Sql.Value(slot.Key), Sql.Value(slot.Lease!.Value));
        await batch.ExecuteAsync(database, CancellationToken.None);
    }

    static PersonAtTheDoor ReadPerson(NpgsqlDataReader reader) => new(
        reader.GetInt64(2),
        reader.GetString(3),
        reader.IsDBNull(4) ? null : reader.GetString(4),
        reader.IsDBNull(5) ? null : reader.GetString(5),
        reader.GetBoolean(6),
        (UserRole)reader.GetInt16(7),
        reader.GetInt32(8),
        reader.GetBoolean(9),
        reader.GetBoolean(10),
        reader.GetBoolean(11),
        reader.IsDBNull(12) ? null : reader.GetString(12));
}
