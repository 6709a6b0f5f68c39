using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace IdentityHost.Data.Entities;

/// <summary>What a person has allowed an application, so that they are not asked again. Withdrawn in <c>/account</c>, with every grant below it.</summary>
internal sealed class Consent
{
    public long UserId { get; set; }

    public long ApplicationId { get; set; }

    /// <summary>Space-separated scopes: all that was ever allowed and not withdrawn.</summary>
    public required string Scope { get; set; }

    /// <summary>When they last said yes.</summary>
    public DateTimeOffset GrantedAt { get; set; }
}

internal sealed class ConsentConfiguration : IEntityTypeConfiguration<Consent>
{
    public void Configure(EntityTypeBuilder<Consent> builder)
    {
        builder.ToTable("consents");
        builder.HasKey(c => new { c.UserId, c.ApplicationId });
        builder.Property(c => c.GrantedAt).HasDefaultValueSql("identity_now()");
        builder.HasOne<User>().WithMany().HasForeignKey(c => c.UserId).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne<Application>().WithMany().HasForeignKey(c => c.ApplicationId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(c => c.ApplicationId);
    }
}
