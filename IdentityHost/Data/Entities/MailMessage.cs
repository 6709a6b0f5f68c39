using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace IdentityHost.Data.Entities;

/// <summary>
/// A mail in the outbox: written in the transaction of its cause, so that none is sent for what did not happen and none is lost, and sent
/// later by a job.
/// </summary>
internal sealed class MailMessage
{
    public long Id { get; set; }

    /// <summary>The address, as the person gave it.</summary>
    public required string To { get; set; }

    public required string Subject { get; set; }

    /// <summary>The text part.</summary>
    public required string Text { get; set; }

    /// <summary>The HTML part.</summary>
    public required string Html { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>How often sending was tried.</summary>
    public int Attempts { get; set; }

    /// <summary>Not tried before; also the lease of whoever is trying now.</summary>
    public DateTimeOffset NextAttemptAt { get; set; }

    /// <summary>When a server took it; its bodies are emptied then, since they hold links that work.</summary>
    public DateTimeOffset? SentAt { get; set; }

    /// <summary>What the server said to the last failed try.</summary>
    public string? LastError { get; set; }
}

internal sealed class MailMessageConfiguration : IEntityTypeConfiguration<MailMessage>
{
    public void Configure(EntityTypeBuilder<MailMessage> builder)
    {
        builder.ToTable("mail");
        builder.Property(m => m.To).HasMaxLength(254);
        builder.Property(m => m.Subject).HasMaxLength(200);
        builder.Property(m => m.LastError).HasMaxLength(500);
        builder.Property(m => m.CreatedAt).HasDefaultValueSql("identity_now()");
        builder.Property(m => m.NextAttemptAt).HasDefaultValueSql("identity_now()");
        builder.HasIndex(m => m.NextAttemptAt).HasFilter("sent_at IS NULL");
        builder.HasIndex(m => m.CreatedAt);
    }
}
