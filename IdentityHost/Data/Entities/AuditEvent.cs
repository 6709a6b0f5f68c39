using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace IdentityHost.Data.Entities;

/// <summary>Who did what. Rows are added, never changed; ids are kept as they were, without foreign keys, so that they outlive what they name.</summary>
internal sealed class AuditEvent
{
    public long Id { get; set; }

    /// <summary>Database time, UTC.</summary>
    public DateTimeOffset At { get; set; }

    /// <summary>What happened: one of the constants of <c>AuditKinds</c>.</summary>
    public required string Kind { get; set; }

    /// <summary>Who did it; null for the system and for people not signed in.</summary>
    public long? ActorId { get; set; }

    /// <summary>Whom it was done to.</summary>
    public long? SubjectId { get; set; }

    /// <summary>The application it was done through.</summary>
    public string? ClientId { get; set; }

    public string? Address { get; set; }

    /// <summary>A reason or the changed members; never a secret.</summary>
    public string? Detail { get; set; }
}

internal sealed class AuditEventConfiguration : IEntityTypeConfiguration<AuditEvent>
{
    public void Configure(EntityTypeBuilder<AuditEvent> builder)
    {
        builder.ToTable("audit_events");
        builder.Property(e => e.At).HasDefaultValueSql("identity_now()");
        builder.Property(e => e.Kind).HasMaxLength(50);
        builder.Property(e => e.ClientId).HasMaxLength(100);
        builder.Property(e => e.Address).HasMaxLength(64);
        builder.Property(e => e.Detail).HasMaxLength(1000);
        builder.HasIndex(e => new { e.SubjectId, e.Id });
        builder.HasIndex(e => e.At);
    }
}
