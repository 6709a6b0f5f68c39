using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace IdentityHost.Data.Entities;

/// <summary>
/// The attempts of one identifier from one address, whether an account of that name exists or not (so that 429 tells nothing).
/// Written by <c>SignIn/Attempts</c> in single statements; never through the change tracker.
/// </summary>
internal sealed class SignInAttempts
{
    /// <summary>SHA-256 of the normalized identifier and the address: people type passwords into the wrong field.</summary>
    public required byte[] Key { get; set; }

    /// <summary>Wrong verdicts in the current series.</summary>
    public int Failures { get; set; }

    /// <summary>How often this key was blocked in the current series; each block is longer than the last.</summary>
    public int Blocks { get; set; }

    /// <summary>One lease for each attempt that is being hashed now; a node that dies lets go when it runs out.</summary>
    public DateTime[] Leases { get; set; } = [];

    public DateTimeOffset? BlockedUntil { get; set; }

    /// <summary>The last change; a series is forgotten some time after it.</summary>
    public DateTimeOffset UpdatedAt { get; set; }
}

internal sealed class SignInAttemptsConfiguration : IEntityTypeConfiguration<SignInAttempts>
{
    public void Configure(EntityTypeBuilder<SignInAttempts> builder)
    {
        builder.ToTable("sign_in_attempts");
        builder.HasKey(a => a.Key);
        builder.HasIndex(a => a.UpdatedAt);
    }
}
