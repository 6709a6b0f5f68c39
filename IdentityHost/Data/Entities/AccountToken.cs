using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace IdentityHost.Data.Entities;

/// <summary>What a link in a mail is for.</summary>
internal enum AccountTokenPurpose
{
    /// <summary>The address is theirs.</summary>
    ConfirmEmail = 0,

    /// <summary>They may choose a new password.</summary>
    ResetPassword = 1,
}

/// <summary>A link that was mailed to somebody: good once, for a while, for one purpose.</summary>
internal sealed class AccountToken
{
    /// <summary>SHA-256 of purpose and token: one of another purpose cannot be found, and a dump of the table opens nothing.</summary>
    public required byte[] Key { get; set; }

    public AccountTokenPurpose Purpose { get; set; }

    public long UserId { get; set; }

    /// <summary>The address the mail went to: the one that is confirmed by it.</summary>
    public required string Email { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset ExpiresAt { get; set; }

    public DateTimeOffset? UsedAt { get; set; }
}

internal sealed class AccountTokenConfiguration : IEntityTypeConfiguration<AccountToken>
{
    public void Configure(EntityTypeBuilder<AccountToken> builder)
    {
        builder.ToTable("account_tokens");
        builder.HasKey(t => t.Key);
        builder.Property(t => t.Purpose).HasConversion<short>();
        builder.Property(t => t.Email).HasMaxLength(254);
        builder.Property(t => t.CreatedAt).HasDefaultValueSql("identity_now()");
        builder.HasOne<User>().WithMany().HasForeignKey(t => t.UserId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(t => new { t.UserId, t.Purpose });
        builder.HasIndex(t => t.ExpiresAt);
    }
}
