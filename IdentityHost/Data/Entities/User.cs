using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace IdentityHost.Data.Entities;

/// <summary>Where a user's password comes from, which decides whether it may be used and must be changed.</summary>
internal enum PasswordOrigin
{
    /// <summary>There is none that works (people who came by Google).</summary>
    None = 0,

    /// <summary>The person chose it.</summary>
    User = 1,

    /// <summary>The system made it: it expires and must be changed at the first sign-in.</summary>
    System = 2,
}

/// <summary>
/// A person. <see cref="IdentityUser{TKey}.Id"/> is the <c>sub</c> of their tokens (as text) and is never reused.
/// State that moves with every sign-in lives in <see cref="SignInState"/>, so that this row, and its <see cref="Version"/>, stay still.
/// </summary>
internal sealed class User : IdentityUser<long>
{
    public string? Name { get; set; }

    /// <summary>The address they want instead of <see cref="IdentityUser{TKey}.Email"/>; it takes effect when it is confirmed.</summary>
    public string? PendingEmail { get; set; }

    /// <summary>The postal address as one would write it on an envelope (<c>address.formatted</c> of OpenID Connect Core §5.1.1).</summary>
    public string? Address { get; set; }

    /// <summary>Kilograms, one decimal.</summary>
    public decimal? Weight { get; set; }

    /// <summary>Centimetres, one decimal.</summary>
    public decimal? Height { get; set; }

    public UserRole Role { get; set; }

    /// <summary>False: sign-in is refused and every token is dead.</summary>
    public bool Status { get; set; } = true;

    public PasswordOrigin PasswordOrigin { get; set; }

    public bool MustChangePassword { get; set; }

    /// <summary>When a system-generated password stops working; null for one the person chose.</summary>
    public DateTimeOffset? PasswordExpiresAt { get; set; }

    /// <summary>Tokens carry the epoch they were issued under; raising it kills all older ones ("sign out everywhere").</summary>
    public int Epoch { get; set; }

    /// <summary>Moves with every change somebody made to this account: the ETag of the users API.</summary>
    public long Version { get; set; } = 1;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}

internal sealed class UserConfiguration : IEntityTypeConfiguration<User>
{
    public void Configure(EntityTypeBuilder<User> builder)
    {
        builder.ToTable("users");
        builder.Property(u => u.UserName).IsRequired().HasMaxLength(64);
        // Bytewise order: the unique index then serves prefix searches and pages too, and no locale's rules decide what sorts where.
        builder.Property(u => u.NormalizedUserName).IsRequired().HasMaxLength(64).UseCollation("C");
        builder.Property(u => u.Email).HasMaxLength(254);
        builder.Property(u => u.NormalizedEmail).HasMaxLength(254).UseCollation("C");
        builder.Property(u => u.PendingEmail).HasMaxLength(254);
        builder.Property(u => u.Name).HasMaxLength(100);
        builder.Property(u => u.Weight).HasPrecision(5, 1);
        builder.Property(u => u.Height).HasPrecision(4, 1);
        builder.Property(u => u.Role).HasConversion<short>();
        builder.Property(u => u.PasswordOrigin).HasConversion<short>();
        builder.Property(u => u.CreatedAt).HasDefaultValueSql("identity_now()");
        builder.Property(u => u.UpdatedAt).HasDefaultValueSql("identity_now()");

        // Identity's own lockout is not used: attempts are counted by identifier and address (SignIn/Attempts).
        builder.Ignore(u => u.LockoutEnabled).Ignore(u => u.LockoutEnd).Ignore(u => u.AccessFailedCount);
        builder.Ignore(u => u.PhoneNumberConfirmed);
        builder.Property(u => u.PhoneNumber).HasMaxLength(32);
        builder.Property(u => u.Address).HasMaxLength(500);

        builder.HasIndex(u => u.NormalizedUserName).IsUnique();
        // Identity's EmailIndex is not unique: two registrations of one address in parallel would both succeed.
        builder.HasIndex(u => u.NormalizedEmail).IsUnique();
        // Keyset pages of GET /users: each sort column with the id as tie-break (the unique ones above need none).
        builder.HasIndex(u => new { u.CreatedAt, u.Id });
        // Sorted by e-mail, people without one come by id.
        builder.HasIndex(u => u.Id).HasFilter("normalized_email IS NULL");
        // Filters; the first also answers whether another active admin is left.
        builder.HasIndex(u => new { u.Role, u.Id });
        builder.HasIndex(u => new { u.Status, u.Id });
    }
}
