using System.Diagnostics.CodeAnalysis;

namespace IdentityHost.ResourceServer;

/// <summary>Why a token was refused. For logs and for choosing the answer; a client is only told that the token is invalid or expired.</summary>
public enum AccessTokenFailure
{
    /// <summary>Not refused.</summary>
    None,

    /// <summary>Not three canonical base64url segments of sound JSON, too large, or a member has the wrong type.</summary>
    Malformed,

    /// <summary><c>typ</c> is not <c>at+jwt</c>: an ID token, a logout token, a proof, an assertion.</summary>
    WrongType,

    /// <summary>No key in memory has the token's <c>kid</c>.</summary>
    UnknownKey,

    /// <summary><c>alg</c> is not the one algorithm of the key that <c>kid</c> names.</summary>
    WrongAlgorithm,

    /// <summary>The key did not make this signature.</summary>
    BadSignature,

    /// <summary><c>iss</c> is another host.</summary>
    WrongIssuer,

    /// <summary><c>aud</c> does not name this API.</summary>
    WrongAudience,

    /// <summary><c>exp</c> has come, or lies at or before <c>iat</c>.</summary>
    Expired,

    /// <summary><c>nbf</c> has not come, or <c>iat</c> lies in the future.</summary>
    NotYetValid,

    /// <summary><c>exp - iat</c> is above the configured maximum, so that a revocation might be forgotten before the token ends.</summary>
    LifetimeTooLong,

    /// <summary>A required claim is absent or empty.</summary>
    MissingClaim,

    /// <summary><c>cnf</c> binds the token to a key (RFC 7800), and a bare bearer presentation proves no possession of it.</summary>
    SenderConstrained,
}

/// <summary>What <see cref="AccessTokenVerifier.Verify(ReadOnlySpan{char})"/> found: a token, or the reason there is none. The default value is not a success.</summary>
public readonly record struct AccessTokenVerification
{
    /// <summary>The checked token; null if it was refused.</summary>
    public AccessToken? Token { get; private init; }

    /// <summary>Why the token was refused; <see cref="AccessTokenFailure.None"/> if it was not.</summary>
    public AccessTokenFailure Failure { get; private init; }

    /// <summary>Whether <see cref="Token"/> is there.</summary>
    [MemberNotNullWhen(true, nameof(Token))]
    public bool Succeeded => Token is not null;

    internal static AccessTokenVerification Accept(AccessToken token) => new() { Token = token };

    internal static AccessTokenVerification Refuse(AccessTokenFailure failure) => new() { Failure = failure };
}
