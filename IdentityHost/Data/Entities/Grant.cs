using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace IdentityHost.Data.Entities;

/// <summary>What one application may do for one person within one session: user × application × scopes. Tokens hang on it (<c>gid</c>).</summary>
internal sealed class Grant
{
    /// <summary>The <c>gid</c> of tokens.</summary>
    public Guid Id { get; set; }

    public Guid SessionId { get; set; }

    public long UserId { get; set; }

    public long ApplicationId { get; set; }

    /// <summary>Space-separated scopes, in the order they were granted.</summary>
    public required string Scope { get; set; }

    /// <summary>The resource servers it was asked for (RFC 8707); none means those its scopes belong to.</summary>
    public string[] Resources { get; set; } = [];

    /// <summary>The <c>claims</c> request parameter it began with (OpenID Connect Core §5.5), for the userinfo endpoint; null for none.</summary>
    public string? Claims { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset ExpiresAt { get; set; }

    public DateTimeOffset? EndedAt { get; set; }

    /// <summary>The newest refresh token's generation. Rotation moves it in place: a grant stays one row however often it refreshes.</summary>
    public int Generation { get; set; }

    /// <summary>
    /// When that generation came to be: grace and idle time count from here. Where the application's refresh tokens stay, its last use less the
    /// grace, which is over by that for every generation before it.
    /// </summary>
    public DateTimeOffset RotatedAt { get; set; }

    /// <summary>Random bytes of this grant that its refresh tokens are derived with; worthless without the server's key.</summary>
    public required byte[] Salt { get; set; }
}

internal sealed class GrantConfiguration : IEntityTypeConfiguration<Grant>
{
    public void Configure(EntityTypeBuilder<Grant> builder)
    {
        builder.ToTable("grants");
        builder.Property(g => g.Id).ValueGeneratedNever();
        builder.HasOne<Session>().WithMany().HasForeignKey(g => g.SessionId).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne<Application>().WithMany().HasForeignKey(g => g.ApplicationId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(g => g.SessionId);
        // Live ones only: a person whose application signs in each second leaves many behind. Rotation does not change ended_at, so it stays HOT.
        builder.HasIndex(g => new { g.UserId, g.ApplicationId, g.CreatedAt }).HasFilter("ended_at IS NULL");
        builder.HasIndex(g => g.EndedAt).HasFilter("ended_at IS NOT NULL");
        builder.Property(g => g.Resources).HasDefaultValueSql("'{}'");
        builder.HasIndex(g => g.ApplicationId);
        builder.Property(g => g.Generation).HasDefaultValue(0);
        builder.Property(g => g.RotatedAt).HasDefaultValueSql("identity_now()");
        builder.Property(g => g.Salt).HasDefaultValueSql("decode(replace(gen_random_uuid()::text, '-', ''), 'hex')");
        // Nothing that rotation changes is indexed, so that its updates stay heap-only (HOT): the absolute expiry never moves.
        builder.HasIndex(g => g.ExpiresAt);
    }
}
