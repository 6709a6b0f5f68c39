using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace IdentityHost.Data.Entities;

/// <summary>The <c>jti</c> of a client assertion that was taken (RFC 7523 §3): it is not taken again.</summary>
internal sealed class UsedAssertion
{
    /// <summary>SHA-256 of the application and the <c>jti</c>.</summary>
    public required byte[] Key { get; set; }

    /// <summary>When the assertion is refused by its own <c>exp</c>, the difference of clocks included.</summary>
    public DateTimeOffset ExpiresAt { get; set; }
}

internal sealed class UsedAssertionConfiguration : IEntityTypeConfiguration<UsedAssertion>
{
    public void Configure(EntityTypeBuilder<UsedAssertion> builder)
    {
        builder.ToTable("used_assertions");
        builder.HasKey(a => a.Key);
        builder.HasIndex(a => a.ExpiresAt);
    }
}
