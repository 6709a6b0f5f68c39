using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace IdentityHost.Data.Entities;

/// <summary>
/// The one row that says which database this is, so that a restored backup and a promoted standby are told from it: what was used, revoked
/// or ended since the backup must not come back to life.
/// </summary>
internal sealed class Installation
{
    public const short OnlyId = 1;

    /// <summary>
    /// The global epoch as a scalar query. Null from the moment a dump is loaded until a node has seen it and moved the epoch: between the two
    /// nothing that was issued may work, and nothing equals null.
    /// </summary>
    public const string EpochSql = "(SELECT epoch FROM installation WHERE id = 1 AND written_by::xid = xmin)";

    /// <summary>Always <see cref="OnlyId"/>.</summary>
    public short Id { get; set; } = OnlyId;

    /// <summary>The cluster's <c>system_identifier</c>: another one means that the data was copied to another cluster. 0 where the role may not know.</summary>
    public long SystemIdentifier { get; set; }

    /// <summary>The timeline of the write-ahead log: it moves with every promotion and every recovery to a point in time. 0 where the role may not know.</summary>
    public int Timeline { get; set; }

    /// <summary>The transaction that wrote the row. A dump that is loaded writes it anew, and then this no longer equals the row's own <c>xmin</c>. So whoever changes the row sets this too.</summary>
    public ulong WrittenBy { get; set; }

    /// <summary>
    /// The global epoch (<c>gep</c> of tokens): every token, session and grant of another one is dead. 0 at first, then the seconds since 2026
    /// began (or one more than before), so that no two histories of a database share one.
    /// </summary>
    public int Epoch { get; set; }
}

internal sealed class InstallationConfiguration : IEntityTypeConfiguration<Installation>
{
    public void Configure(EntityTypeBuilder<Installation> builder)
    {
        builder.ToTable("installation", table => table.HasCheckConstraint("ck_installation_one_row", $"id = {Installation.OnlyId}"));
        builder.Property(i => i.Id).ValueGeneratedNever();
        builder.Property(i => i.WrittenBy).HasColumnType("xid8");
    }
}
