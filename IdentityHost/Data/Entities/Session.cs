using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace IdentityHost.Data.Entities;

/// <summary>One sign-in of a person: the root of a grant tree. Ending it kills every grant and token below.</summary>
internal sealed class Session
{
    /// <summary>The <c>sid</c> of tokens.</summary>
    public Guid Id { get; set; }

    public long UserId { get; set; }

    /// <summary>How the person proved who they are (RFC 8176 values, space separated).</summary>
    public required string Amr { get; set; }

    public DateTimeOffset AuthTime { get; set; }

    /// <summary>After this instant nothing of the session works, however often it was used.</summary>
    public DateTimeOffset ExpiresAt { get; set; }

    /// <summary>The <see cref="Installation.Epoch"/> it began under: once that has moved, nothing of the session works.</summary>
    public int GlobalEpoch { get; set; }

    public DateTimeOffset? EndedAt { get; set; }

    /// <summary>When a browser last showed the cookie of this session (within a minute). Only browsers have one.</summary>
    public DateTimeOffset? LastSeenAt { get; set; }

    /// <summary>The address the person signed in from, to recognise the session by.</summary>
    public string? Address { get; set; }

    public string? UserAgent { get; set; }
}

internal sealed class SessionConfiguration : IEntityTypeConfiguration<Session>
{
    public void Configure(EntityTypeBuilder<Session> builder)
    {
        builder.ToTable("sessions");
        builder.Property(s => s.Id).ValueGeneratedNever();
        builder.Property(s => s.Amr).HasMaxLength(100);
        builder.Property(s => s.Address).HasMaxLength(64);
        builder.Property(s => s.UserAgent).HasMaxLength(256);
        builder.HasOne<User>().WithMany().HasForeignKey(s => s.UserId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(s => s.UserId);
        builder.HasIndex(s => s.ExpiresAt);
    }
}
