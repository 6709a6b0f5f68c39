using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace IdentityHost.Data.Entities;

/// <summary>
/// Failures of one kind from one source (wrong client secrets, wrong passwords of an address), counted within a window. Written on failures
/// only, in single statements; never through the change tracker.
/// </summary>
internal sealed class FailureCounter
{
    /// <summary>SHA-256 of what is counted and the source.</summary>
    public required byte[] Key { get; set; }

    /// <summary>Failures since <see cref="StartedAt"/>.</summary>
    public int Failures { get; set; }

    /// <summary>How often this key was blocked in a row; each block is longer than the last.</summary>
    public int Blocks { get; set; }

    /// <summary>When the window began.</summary>
    public DateTimeOffset StartedAt { get; set; }

    public DateTimeOffset? BlockedUntil { get; set; }

    /// <summary>The last failure; the row is forgotten some time after it.</summary>
    public DateTimeOffset UpdatedAt { get; set; }
}

internal sealed class FailureCounterConfiguration : IEntityTypeConfiguration<FailureCounter>
{
    public void Configure(EntityTypeBuilder<FailureCounter> builder)
    {
        builder.ToTable("failure_counters");
        builder.HasKey(c => c.Key);
        builder.HasIndex(c => c.UpdatedAt);
    }
}
