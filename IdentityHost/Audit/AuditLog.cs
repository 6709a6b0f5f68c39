using IdentityHost.Data;
using IdentityHost.Data.Entities;
using Npgsql;

namespace IdentityHost.Audit;

/// <summary>The one writer of the audit table. Both forms write in the transaction of the act that they tell.</summary>
internal static class AuditLog
{
    /// <summary>
    /// The head of the statement, for the few places that write the event within a larger one: what follows gives these columns in order.
    /// </summary>
    public const string InsertInto = "INSERT INTO audit_events (kind, actor_id, subject_id, client_id, address, detail) ";

    const string Insert = InsertInto + "VALUES ($1, $2, $3, $4, $5, $6)";

    /// <summary>Adds the event to the statements of a hot path.</summary>
    public static void AddAudit(this WriteBatch batch, AuditEvent entry) => batch.Add(Insert, Columns(entry));

    /// <summary>Adds an event that is told even if the rest of the statements is not wanted any more.</summary>
    public static void AddKeptAudit(this WriteBatch batch, AuditEvent entry) => batch.AddKept(Insert, Columns(entry));

    /// <summary>Adds the event to what the context saves next.</summary>
    public static void AddAudit(this HostDbContext context, AuditEvent entry) => context.AuditEvents.Add(entry);

    static NpgsqlParameter[] Columns(AuditEvent entry) =>
    [
        Sql.Value(entry.Kind),
        Sql.Optional(entry.ActorId),
        Sql.Optional(entry.SubjectId),
        Sql.Optional(entry.ClientId),
        Sql.Optional(entry.Address),
        Sql.Optional(entry.Detail),
    ];
}
