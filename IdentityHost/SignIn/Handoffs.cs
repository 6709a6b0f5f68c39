using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Protocol;
using IdentityHost.SignIn.Browser;
using Npgsql;

namespace IdentityHost.SignIn;

/// <summary>
/// The one-time token that stands in the address after a sign-in by redirect, where seed 004 has a JWT. Addresses end in histories and logs, so it is
/// worth little: a minute, once, and to look at it takes the browser that signed in.
/// </summary>
internal sealed class Handoffs(NpgsqlDataSource database, Issuer issuer)
{
    const string Prefix = "ihh_";
    const string Cookie = "handoff";
    const int RandomBytes = 32;
    static readonly int TokenLength = Prefix.Length + Base64Url.GetEncodedLength(RandomBytes);
    static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    const string InsertSql =
        "INSERT INTO handoffs (key, session_id, user_id, flow_key, expires_at) VALUES ($1, $2, $3, $4, identity_now() + $5)";

    const string FindSql =
        """
        SELECT u.id, u.epoch, u.role, s.id, s.expires_at, s.auth_time, s.amr
        FROM handoffs h JOIN sessions s ON s.id = h.session_id JOIN users u ON u.id = h.user_id
        WHERE h.key = $1 AND h.used_at IS NULL AND h.expires_at > identity_now() AND s.ended_at IS NULL AND s.expires_at > identity_now() AND u.status
          AND s.global_epoch = (SELECT epoch FROM installation)
        """;

    const string FindInBrowserSql = FindSql + " AND h.flow_key = $2";

    // In the order in which everybody locks: an end of person or session at this moment is waited for, and then it is used by nobody.
    const string UseSql =
        """
        WITH person AS MATERIALIZED (SELECT id FROM users WHERE id = $2 AND status AND epoch = $3 FOR SHARE),
        live AS MATERIALIZED (
            SELECT s.id FROM sessions s JOIN person ON person.id = s.user_id WHERE s.id = $4 AND s.ended_at IS NULL FOR SHARE OF s),
        used AS (
            UPDATE handoffs h SET used_at = identity_now() FROM live
            WHERE h.key = $1 AND h.session_id = live.id AND h.used_at IS NULL AND h.expires_at > identity_now() RETURNING h.key)
        SELECT 1 / count(*) FROM used
        """;

    /// <summary>Makes one for a session that has just begun, and gives the browser the cookie that goes with it.</summary>
    public async Task<string> CreateAsync(HttpContext context, Subject subject)
    {
        var token = Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes));
        var flow = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes));
        await using var command = database.CreateCommand(InsertSql);
        command.Parameters.Add(Sql.Value(Key(token)));
        command.Parameters.Add(Sql.Value(subject.SessionId));
        command.Parameters.Add(Sql.Value(subject.Id));
        command.Parameters.Add(Sql.Value(FlowKey(flow)));
        command.Parameters.Add(Sql.Value(Lifetime));
        await command.ExecuteNonQueryAsync(context.RequestAborted);
        FlowCookie.Set(context, issuer, Cookie, flow, Lifetime);
        return token;
    }

    /// <summary>Whether a text can be one at all: everything else is not worth a query.</summary>
    public static bool Looks(string? text) => text is not null && text.Length == TokenLength && text.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Whose it is, to the browser that signed in. It stays unused.</summary>
    public Task<Subject?> PeekAsync(HttpContext context, string token) => FlowCookie.Get(context, issuer, Cookie) is { Length: > 0 } flow
        ? FindAsync(FindInBrowserSql, context.RequestAborted, Sql.Value(Key(token)), Sql.Value(FlowKey(flow)))
        : Task.FromResult<Subject?>(null);

    /// <summary>Whose it is; what follows must hang on <see cref="AddUse"/>.</summary>
    public Task<Subject?> FindAsync(string token, CancellationToken cancellationToken) => FindAsync(FindSql, cancellationToken, Sql.Value(Key(token)));

    /// <summary>Uses it up in the transaction of what it buys, which fails with <c>GrantRows.LostToARace</c> for the second who comes with it.</summary>
    public static void AddUse(WriteBatch batch, string token, Subject subject) => batch.AddCheck(
        UseSql, Sql.Value(Key(token)), Sql.Value(subject.Id), Sql.Value(subject.Epoch), Sql.Value(subject.SessionId));

    async Task<Subject?> FindAsync(string sql, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
    {
        await using var command = database.CreateCommand(sql);
        command.Parameters.AddRange(parameters);
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken)
            ? new Subject(
                row.GetInt64(0),
                row.GetInt32(1),
                (UserRole)row.GetInt16(2),
                row.GetGuid(3),
                SessionExpiresAt: new DateTimeOffset(row.GetDateTime(4)),
                AuthTime: new DateTimeOffset(row.GetDateTime(5)),
                Amr: row.GetString(6))
            : null;
    }

    static byte[] Key(string token) => SHA256.HashData(Encoding.UTF8.GetBytes($"handoff\n{token}"));

    static byte[] FlowKey(string flow) => SHA256.HashData(Encoding.UTF8.GetBytes($"handoff flow\n{flow}"));
}
