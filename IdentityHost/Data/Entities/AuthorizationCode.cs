using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace IdentityHost.Data.Entities;

/// <summary>
/// An authorization code (RFC 6749 §4.1.2): what it buys and who may buy it. The code itself is derived from the row, never stored. Used ones
/// are kept a day: whoever comes with one again ends what the first use bought.
/// </summary>
internal sealed class AuthorizationCode
{
    /// <summary>The id of the authorization request: one code for each, however often its form is posted.</summary>
    public Guid Id { get; set; }

    public long ApplicationId { get; set; }

    public Guid SessionId { get; set; }

    public long UserId { get; set; }

    /// <summary>Where the code was sent.</summary>
    public required string RedirectUri { get; set; }

    /// <summary>Whether the request named it. Then the token request must name it again (RFC 6749 §4.1.3).</summary>
    public bool RedirectUriSent { get; set; }

    /// <summary>S256 (RFC 7636); null where none was sent, and then a verifier is an error.</summary>
    public string? CodeChallenge { get; set; }

    /// <summary>Space-separated scopes that were granted.</summary>
    public required string Scope { get; set; }

    public string? Nonce { get; set; }

    /// <summary>The <c>claims</c> parameter (OpenID Connect Core §5.5), as JSON.</summary>
    public string? Claims { get; set; }

    /// <summary>The resource servers asked for (RFC 8707).</summary>
    public string[] Resources { get; set; } = [];

    /// <summary>Random bytes that the code is derived with; worthless without the server's key.</summary>
    public required byte[] Salt { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset ExpiresAt { get; set; }

    public DateTimeOffset? UsedAt { get; set; }

    /// <summary>What it bought.</summary>
    public Guid? GrantId { get; set; }
}

internal sealed class AuthorizationCodeConfiguration : IEntityTypeConfiguration<AuthorizationCode>
{
    public void Configure(EntityTypeBuilder<AuthorizationCode> builder)
    {
        builder.ToTable("authorization_codes");
        builder.Property(c => c.Id).ValueGeneratedNever();
        builder.Property(c => c.CodeChallenge).HasMaxLength(43);
        builder.Property(c => c.CreatedAt).HasDefaultValueSql("identity_now()");
        builder.HasOne<Application>().WithMany().HasForeignKey(c => c.ApplicationId).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne<Session>().WithMany().HasForeignKey(c => c.SessionId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(c => c.ApplicationId);
        builder.HasIndex(c => c.SessionId);
        builder.HasIndex(c => c.ExpiresAt);
    }
}
