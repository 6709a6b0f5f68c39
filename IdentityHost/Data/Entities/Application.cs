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

    /// <summary><c>none</c>, <c>client_secret_basic</c>, <c>client_secret_post</c> or <c>private_key_jwt</c> (RFC 7591 §2).</summary>
    public required string TokenEndpointAuthMethod { get; set; }

    /// <summary>The only algorithm of its client assertions (<c>private_key_jwt</c>); null for the one that each of its keys names or is usual for.</summary>
    public string? TokenEndpointAuthSigningAlg { get; set; }

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

    /// <summary>Where the authorization endpoint may send people back to: compared character by character (RFC 9700 §4.1.3).</summary>
    public string[] RedirectUris { get; set; } = [];

    /// <summary>Where people may be sent after signing out (OpenID Connect RP-Initiated Logout §3.1).</summary>
    public string[] PostLogoutRedirectUris { get; set; } = [];

    /// <summary>Origins whose scripts may call the endpoints that an application in a browser needs (CORS).</summary>
    public string[] AllowedOrigins { get; set; } = [];

    /// <summary>Where logout tokens are posted (OpenID Connect Back-Channel Logout §2.2); null for those that want none.</summary>
    public string? BackchannelLogoutUri { get; set; }

    /// <summary><c>explicit</c>: people are asked; <c>implicit</c>: the operator's own applications, which are trusted.</summary>
    public string Consent { get; set; } = "explicit";

    /// <summary>Whether an authorization request must carry a code challenge (RFC 7636). Only those with a secret may be exempt.</summary>
    public bool RequirePkce { get; set; } = true;

    /// <summary>What its ID tokens are signed with: <c>RS256</c> or <c>ES256</c>.</summary>
    public string IdTokenSignedResponseAlg { get; set; } = "RS256";

    /// <summary>What answers of the userinfo endpoint are signed with; null for plain JSON.</summary>
    public string? UserinfoSignedResponseAlg { get; set; }

    /// <summary>For pairwise subjects (OpenID Connect Core §8.1), the host that stands for all applications which may know the same <c>sub</c>; null for public ones.</summary>
    public string? SectorIdentifier { get; set; }

    /// <summary>The public keys it registered, as a JWK set; null for none.</summary>
    public string? Jwks { get; set; }

    /// <summary>Where its public keys are read instead; null for none.</summary>
    public string? JwksUri { get; set; }

    /// <summary>How old a sign-in may be that it accepts, in seconds, where its request does not say (<c>default_max_age</c>).</summary>
    public int? DefaultMaxAge { get; set; }

    /// <summary>The metadata it registered with (RFC 7591 §2), as it is shown to it again; null for declared ones.</summary>
    public string? RegisteredMetadata { get; set; }

    /// <summary>SHA-256 of the registration access token (RFC 7592 §3); null for declared ones.</summary>
    public byte[]? RegistrationTokenHash { get; set; }

    /// <summary>When it registered itself; null for declared ones.</summary>
    public DateTimeOffset? RegisteredAt { get; set; }

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
        builder.Property(a => a.TokenEndpointAuthSigningAlg).HasMaxLength(10);
        builder.Property(a => a.JwksUri).HasMaxLength(2000);
        builder.Property(a => a.RefreshRotation).HasMaxLength(10).HasDefaultValue("rolling");
        builder.Property(a => a.BackchannelLogoutUri).HasMaxLength(2000);
        builder.Property(a => a.Consent).HasMaxLength(10).HasDefaultValue("explicit");
        builder.Property(a => a.RequirePkce).HasDefaultValue(true);
        builder.Property(a => a.IdTokenSignedResponseAlg).HasMaxLength(10).HasDefaultValue("RS256");
        builder.Property(a => a.UserinfoSignedResponseAlg).HasMaxLength(10);
        builder.Property(a => a.SectorIdentifier).HasMaxLength(260);
        builder.Property(a => a.UpdatedAt).HasDefaultValueSql("identity_now()");
        builder.HasIndex(a => a.ClientId).IsUnique();
        builder.HasIndex(a => a.RegisteredAt).HasFilter("registered_at IS NOT NULL");
    }
}
