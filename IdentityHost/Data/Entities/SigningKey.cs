using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace IdentityHost.Data.Entities;

/// <summary>A key that signs tokens. Its public half is in the JWKS from the row's first moment until it expires.</summary>
internal sealed class SigningKey
{
    /// <summary>The <c>kid</c>: the RFC 7638 thumbprint of the public key.</summary>
    public required string Kid { get; set; }

    /// <summary>JWS algorithm, e.g. <c>ES256</c> (RFC 7518 §3.1).</summary>
    public required string Algorithm { get; set; }

    /// <summary>SubjectPublicKeyInfo, DER.</summary>
    public required byte[] PublicKey { get; set; }

    /// <summary>PKCS#8, encrypted with Data Protection.</summary>
    public required byte[] ProtectedPrivateKey { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>From this instant on the key may sign; its public half is published before.</summary>
    public DateTimeOffset ActivatesAt { get; set; }

    /// <summary>From this instant on its successor signs, and the key only verifies; null while there is none.</summary>
    public DateTimeOffset? RetiresAt { get; set; }

    /// <summary>From this instant on no token of it can be alive, and it leaves the JWKS; null while it has no successor.</summary>
    public DateTimeOffset? ExpiresAt { get; set; }
}

internal sealed class SigningKeyConfiguration : IEntityTypeConfiguration<SigningKey>
{
    public void Configure(EntityTypeBuilder<SigningKey> builder)
    {
        builder.ToTable("signing_keys");
        builder.HasKey(k => k.Kid);
        builder.Property(k => k.Kid).HasMaxLength(64);
        builder.Property(k => k.Algorithm).HasMaxLength(10);
    }
}
