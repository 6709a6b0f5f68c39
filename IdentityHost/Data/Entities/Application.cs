using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace IdentityHost.Data.Entities;

/// <summary>An OAuth client. Declared ones are upserted from configuration at every start.</summary>
internal sealed class Application
{
    public long Id { get; set; }

    /// <summary>The OAuth <c>client_id</c>. Never all digits, so that it cannot equal a user's <c>sub</c>.</summary>
    public required string ClientId { get; set; }

    public required string DisplayName { get; set; }

    /// <summary><c>none</c>, <c>client_secret_basic</c> or <c>client_secret_post</c> (RFC 7591 §2).</summary>
    public required string TokenEndpointAuthMethod { get; set; }

    /// <summary>SHA-256 of salt and secret. Secrets are random and long (32 characters at least), so a slow hash would add cost, not safety.</summary>
    public byte[]? SecretHash { get; set; }

    public byte[]? SecretSalt { get; set; }

    public DateTimeOffset? SecretExpiresAt { get; set; }

    /// <summary>OAuth <c>grant_type</c> values this application may use.</summary>
    public required string[] GrantTypes { get; set; }

    public required string[] Scopes { get; set; }

    /// <summary><c>rolling</c>: each refresh hands out a successor; <c>none</c>: the refresh token stays (FAPI 2.0 wants that).</summary>
    public string RefreshRotation { get; set; } = "rolling";

    /// <summary>The audiences that this application is the resource server of: it may introspect tokens for them.</summary>
    public string[] Audiences { get; set; } = [];

    public bool Enabled { get; set; } = true;

    /// <summary>Tokens carry the epoch they were issued under; raising it kills all older ones.</summary>
    public int Epoch { get; set; }

    /// <summary>Declared in configuration: removed from there, it is disabled at the next start.</summary>
    public bool Declared { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }
}

internal sealed class ApplicationConfiguration : IEntityTypeConfiguration<Application>
{
    public void Configure(EntityTypeBuilder<Application> builder)
    {
        builder.ToTable("applications");
        builder.Property(a => a.ClientId).HasMaxLength(100);
        builder.Property(a => a.DisplayName).HasMaxLength(100);
        builder.Property(a => a.TokenEndpointAuthMethod).HasMaxLength(40);
        builder.Property(a => a.RefreshRotation).HasMaxLength(10).HasDefaultValue("rolling");
        builder.Property(a => a.UpdatedAt).HasDefaultValueSql("identity_now()");
        builder.HasIndex(a => a.ClientId).IsUnique();
    }
}
