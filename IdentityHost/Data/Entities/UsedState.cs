using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace IdentityHost.Data.Entities;

/// <summary>The <c>state</c> of a sign-in at another provider that came back once: it is not taken again. Written at the return, so that beginning a thousand costs no row.</summary>
internal sealed class UsedState
{
    /// <summary>SHA-256 of the state's own id.</summary>
    public required byte[] Key { get; set; }

    /// <summary>When the state would have expired by itself.</summary>
    public DateTimeOffset ExpiresAt { get; set; }
}

internal sealed class UsedStateConfiguration : IEntityTypeConfiguration<UsedState>
{
    public void Configure(EntityTypeBuilder<UsedState> builder)
    {
        builder.ToTable("used_states");
        builder.HasKey(s => s.Key);
        builder.HasIndex(s => s.ExpiresAt);
    }
}
