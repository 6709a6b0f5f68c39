using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace IdentityHost.Data.Entities;

/// <summary>
/// A back-channel logout that an application is to be told (OpenID Connect Back-Channel Logout §2): written in the transaction that ended the
/// session, and posted by a job until the application has taken it or it is given up.
/// </summary>
internal sealed class LogoutMessage
{
    public long Id { get; set; }

    public long ApplicationId { get; set; }

    /// <summary>Whose session it was; the token carries their <c>sub</c> as this application knows it.</summary>
    public long UserId { get; set; }

    /// <summary>The session that ended (<c>sid</c>).</summary>
    public Guid SessionId { get; set; }

    /// <summary>The <c>jti</c>: the same at each try, so that a receiver tells a repetition from another logout.</summary>
    public required string TokenId { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>How often it was tried.</summary>
    public int Attempts { get; set; }

    /// <summary>Not tried before; also the lease of whoever is trying now.</summary>
    public DateTimeOffset NextAttemptAt { get; set; }

    /// <summary>When the application took it.</summary>
    public DateTimeOffset? DeliveredAt { get; set; }

    /// <summary>When it was given up: a dead letter, kept for the operator.</summary>
    public DateTimeOffset? GivenUpAt { get; set; }

    /// <summary>What the last failed try met.</summary>
    public string? LastError { get; set; }
}

internal sealed class LogoutMessageConfiguration : IEntityTypeConfiguration<LogoutMessage>
{
    public void Configure(EntityTypeBuilder<LogoutMessage> builder)
    {
        builder.ToTable("logout_messages");
        builder.Property(m => m.TokenId).HasMaxLength(40);
        builder.Property(m => m.LastError).HasMaxLength(500);
        builder.Property(m => m.CreatedAt).HasDefaultValueSql("identity_now()");
        builder.Property(m => m.NextAttemptAt).HasDefaultValueSql("identity_now()");
        builder.HasOne<Application>().WithMany().HasForeignKey(m => m.ApplicationId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(m => m.ApplicationId);
        builder.HasIndex(m => m.NextAttemptAt).HasFilter("delivered_at IS NULL AND given_up_at IS NULL");
        builder.HasIndex(m => m.CreatedAt);
    }
}
