using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace IdentityHost.Data.Entities;

/// <summary>What a revocation hits.</summary>
internal enum RevocationKind
{
    /// <summary>One access token, by <c>jti</c>.</summary>
    Token = 0,

    /// <summary>Every token of a grant, by <c>gid</c>.</summary>
    Grant = 1,

    /// <summary>Everything below a session, by <c>sid</c>.</summary>
    Session = 2,

    /// <summary>Everything of a user issued under an epoch below <see cref="RevocationEntry.Epoch"/>, by <c>sub</c>.</summary>
    User = 3,

    /// <summary>Everything of an application issued under an epoch below <see cref="RevocationEntry.Epoch"/>, by <c>client_id</c>.</summary>
    Application = 4,

    /// <summary>Access tokens of a user issued under an epoch below <see cref="RevocationEntry.Epoch"/>, by <c>sub</c>; sessions and grants go on (a role changed).</summary>
    UserAccess = 5,

    /// <summary>Everything that one signing key signed, by <c>kid</c>.</summary>
    Key = 6,

    /// <summary>Every token issued under a global epoch below <see cref="RevocationEntry.Epoch"/>; the key is empty.</summary>
    All = 7,

    /// <summary>No token, but the right to try: whose failures were too many, by the counter's key. Between nodes only.</summary>
    Block = 8,

    /// <summary>No token: the set of signing keys changed and is to be read again; the key is empty. Between nodes only.</summary>
    SigningKeys = 9,
}

/// <summary>
/// One row of the revocation feed, written in the transaction of the change it tells and kept until the longest-lived
/// access token that it can hit has expired.
/// </summary>
internal sealed class RevocationEntry
{
    public long Id { get; set; }

    public RevocationKind Kind { get; set; }

    /// <summary>The identifier the kind names.</summary>
    public required string Key { get; set; }

    /// <summary>For epoch kinds: tokens below it are dead. Null for the others.</summary>
    public int? Epoch { get; set; }

    public DateTimeOffset ExpiresAt { get; set; }

    /// <summary>The transaction that wrote the row. Readers tell by it which rows they have not seen, however late one commits.</summary>
    public ulong Xid { get; set; }
}

internal sealed class RevocationEntryConfiguration : IEntityTypeConfiguration<RevocationEntry>
{
    public void Configure(EntityTypeBuilder<RevocationEntry> builder)
    {
        builder.ToTable("revocations");
        builder.Property(r => r.Kind).HasConversion<short>();
        builder.Property(r => r.Key).HasMaxLength(100);
        builder.Property(r => r.Xid).HasColumnType("xid8").HasDefaultValueSql("pg_current_xact_id()");
        builder.HasIndex(r => r.Xid);
        builder.HasIndex(r => new { r.Key, r.Kind });
        builder.HasIndex(r => r.ExpiresAt);
    }
}
