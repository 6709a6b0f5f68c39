using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace IdentityHost.Data.Entities;

/// <summary>
/// The one-time token that stands in the address after Google's redirect, in place of a JWT: bound to the browser that signed in, good for a
/// minute, exchanged once for real tokens.
/// </summary>
internal sealed class Handoff
{
    /// <summary>SHA-256 of the token.</summary>
    public required byte[] Key { get; set; }

    public Guid SessionId { get; set; }

    public long UserId { get; set; }

    /// <summary>SHA-256 of the flow's cookie: only the browser that signed in may look with it.</summary>
    public required byte[] FlowKey { get; set; }

    public DateTimeOffset ExpiresAt { get; set; }

    public DateTimeOffset? UsedAt { get; set; }
}

internal sealed class HandoffConfiguration : IEntityTypeConfiguration<Handoff>
{
    public void Configure(EntityTypeBuilder<Handoff> builder)
    {
        builder.ToTable("handoffs");
        builder.HasKey(h => h.Key);
        builder.HasOne<Session>().WithMany().HasForeignKey(h => h.SessionId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(h => h.SessionId);
        builder.HasIndex(h => h.ExpiresAt);
    }
}
