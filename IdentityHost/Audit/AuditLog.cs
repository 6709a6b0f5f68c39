using IdentityHost.Data;
using IdentityHost.Data.Entities;
using Npgsql;

namespace IdentityHost.Audit;

/// <summary>The one writer of the audit table. Both forms write in the transaction of the act that they tell.</summary>
internal static class AuditLog
{
    /// <summary>The statement behind <see cref="AddAudit(WriteBatch, AuditEvent)"/>, for joining into a larger one.</summary>
    const string Insert =
        "INSERT INTO audit_events (kind, actor_id, subject_id, client_id, address, detail) VALUES ($1, $2, $3, $4, $5, $6)";

    /// <summary>Adds the event to the statements of a hot path.</summary>
    public static NpgsqlBatchCommand AddAudit(this WriteBatch batch, AuditEvent entry) => batch.Add(
        Insert,
        Sql.Value(entry.Kind),
        Sql.Optional(entry.ActorId),
        Sql.Optional(entry.SubjectId),
        Sql.Optional(entry.ClientId),
        Sql.Optional(entry.Address),
        Sql.Optional(entry.Detail));

    /// <summary>Adds the event to what the context saves next.</summary>
    public static void AddAudit(this HostDbContext context, AuditEvent entry) => context.AuditEvents.Add(entry);
}
