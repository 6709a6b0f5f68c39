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

    /// <summary>Always <see cref="OnlyId"/>.</summary>
    public short Id { get; set; } = OnlyId;

    /// <summary>The cluster's <c>system_identifier</c>: another one means that the data was copied to another cluster.</summary>
    public long SystemIdentifier { get; set; }

    /// <summary>The timeline of the write-ahead log: it moves with every promotion and every recovery to a point in time.</summary>
    public int Timeline { get; set; }

    /// <summary>The transaction that wrote the row. A dump that is loaded writes it anew, and then this no longer equals the row's own <c>xmin</c>.</summary>
    public ulong WrittenBy { get; set; }

    /// <summary>The global epoch (<c>gep</c> of tokens): every token, session and grant of an older one is dead.</summary>
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
