using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace IdentityHost.Data.Entities;

/// <summary>A person's picture, apart from their row, which is read far more often.</summary>
internal sealed class UserPicture
{
    public long UserId { get; set; }

    /// <summary>Moves with every change: in the picture's address, so that it may be kept by browsers for long.</summary>
    public int Version { get; set; } = 1;

    /// <summary><c>image/png</c> or <c>image/jpeg</c>, by content.</summary>
    public required string ContentType { get; set; }

    public required byte[] Bytes { get; set; }
}

internal sealed class UserPictureConfiguration : IEntityTypeConfiguration<UserPicture>
{
    public void Configure(EntityTypeBuilder<UserPicture> builder)
    {
        builder.ToTable("user_pictures");
        builder.HasKey(p => p.UserId);
        builder.Property(p => p.UserId).ValueGeneratedNever();
        builder.Property(p => p.ContentType).HasMaxLength(20);
        builder.HasOne<User>().WithOne().HasForeignKey<UserPicture>(p => p.UserId).OnDelete(DeleteBehavior.Cascade);
    }
}
