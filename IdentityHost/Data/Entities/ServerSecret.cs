using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace IdentityHost.Data.Entities;

/// <summary>A random key that all nodes share, made at the first start.</summary>
internal sealed class ServerSecret
{
    /// <summary>What it is for, e.g. <c>refresh_tokens</c>.</summary>
    public required string Name { get; set; }

    /// <summary>The key, encrypted with Data Protection.</summary>
    public required byte[] ProtectedKey { get; set; }
}

internal sealed class ServerSecretConfiguration : IEntityTypeConfiguration<ServerSecret>
{
    public void Configure(EntityTypeBuilder<ServerSecret> builder)
    {
        builder.ToTable("server_secrets");
        builder.HasKey(s => s.Name);
        builder.Property(s => s.Name).HasMaxLength(50);
    }
}
