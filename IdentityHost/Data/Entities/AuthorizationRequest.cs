using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace IdentityHost.Data.Entities;

/// <summary>
/// What an application asked for at the authorization endpoint, after every check: written once, never changed, so that nothing on the way
/// (sign-in, consent) can widen it. Pages carry its id; the cookie of the flow proves that it is the browser that began it.
/// </summary>
internal sealed class AuthorizationRequest
{
    public Guid Id { get; set; }

    public long ApplicationId { get; set; }

    /// <summary>SHA-256 of the flow's cookie: the id alone is worth nothing in another browser.</summary>
    public required byte[] FlowKey { get; set; }

    /// <summary>Where the answer goes: one that is registered, as the application wrote it.</summary>
    public required string RedirectUri { get; set; }

    /// <summary>Whether the request named it. Then the token request must name it again (RFC 6749 §4.1.3).</summary>
    public bool RedirectUriSent { get; set; }

    /// <summary><c>query</c>, <c>fragment</c> or <c>form_post</c>.</summary>
    public required string ResponseMode { get; set; }

    /// <summary>Space-separated scopes, in the order they were asked for.</summary>
    public required string Scope { get; set; }

    public string? State { get; set; }

    public string? Nonce { get; set; }

    /// <summary>S256 (RFC 7636); null for an application that is exempt and sent none.</summary>
    public string? CodeChallenge { get; set; }

    /// <summary>Space-separated <c>prompt</c> values (OpenID Connect Core §3.1.2.1).</summary>
    public string? Prompt { get; set; }

    /// <summary>Seconds.</summary>
    public int? MaxAge { get; set; }

    public string? LoginHint { get; set; }

    public string? UiLocales { get; set; }

    public string? AcrValues { get; set; }

    /// <summary>The <c>claims</c> parameter (OpenID Connect Core §5.5), as JSON.</summary>
    public string? Claims { get; set; }

    /// <summary>The resource servers asked for (RFC 8707).</summary>
    public string[] Resources { get; set; } = [];

    /// <summary>The provider to go to straight away, e.g. <c>google</c>.</summary>
    public string? Provider { get; set; }

    /// <summary>Who it must be, by a genuine <c>id_token_hint</c>.</summary>
    public long? HintedUserId { get; set; }

    /// <summary>What is asked of the person counts from here: a sign-in or consent that is older does not answer <c>prompt</c>.</summary>
    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset ExpiresAt { get; set; }
}

internal sealed class AuthorizationRequestConfiguration : IEntityTypeConfiguration<AuthorizationRequest>
{
    public void Configure(EntityTypeBuilder<AuthorizationRequest> builder)
    {
        builder.ToTable("authorization_requests");
        builder.Property(r => r.Id).ValueGeneratedNever();
        builder.Property(r => r.ResponseMode).HasMaxLength(20);
        builder.Property(r => r.CodeChallenge).HasMaxLength(43);
        builder.Property(r => r.Prompt).HasMaxLength(60);
        builder.Property(r => r.Provider).HasMaxLength(20);
        builder.Property(r => r.CreatedAt).HasDefaultValueSql("identity_now()");
        builder.HasOne<Application>().WithMany().HasForeignKey(r => r.ApplicationId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(r => r.ApplicationId);
        builder.HasIndex(r => r.ExpiresAt);
    }
}
