using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace IdentityHost.Data.Entities;

/// <summary>An <c>Idempotency-Key</c> that a caller of the users API sent, and the answer it got: the same key gets the same answer for a day.</summary>
internal sealed class IdempotencyKey
{
    /// <summary>SHA-256 of caller, operation and key.</summary>
    public required byte[] Key { get; set; }

    /// <summary>SHA-256 of the request: the key with another request is a mistake of the caller's.</summary>
    public required byte[] RequestHash { get; set; }

    /// <summary>The HTTP status of the answer.</summary>
    public int Status { get; set; }

    /// <summary>The answer without what may be shown only once, encrypted with Data Protection.</summary>
    public required byte[] ProtectedAnswer { get; set; }

    public DateTimeOffset ExpiresAt { get; set; }
}

internal sealed class IdempotencyKeyConfiguration : IEntityTypeConfiguration<IdempotencyKey>
{
    public void Configure(EntityTypeBuilder<IdempotencyKey> builder)
    {
        builder.ToTable("idempotency_keys");
        builder.HasKey(k => k.Key);
        builder.HasIndex(k => k.ExpiresAt);
    }
}
