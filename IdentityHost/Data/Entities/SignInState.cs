using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace IdentityHost.Data.Entities;

/// <summary>What moves with every sign-in of a user, kept apart so that the user's row and its ETag do not.</summary>
internal sealed class SignInState
{
    public long UserId { get; set; }

    public DateTimeOffset LastSignInAt { get; set; }
}

internal sealed class SignInStateConfiguration : IEntityTypeConfiguration<SignInState>
{
    public void Configure(EntityTypeBuilder<SignInState> builder)
    {
        builder.ToTable("sign_in_states");
        builder.HasKey(s => s.UserId);
        builder.Property(s => s.UserId).ValueGeneratedNever();
        builder.HasOne<User>().WithOne().HasForeignKey<SignInState>(s => s.UserId).OnDelete(DeleteBehavior.Cascade);
    }
}
