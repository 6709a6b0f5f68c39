using System.Buffers;
using System.Text;
using System.Text.Json;

namespace IdentityHost.ResourceServer;

/// <summary>
/// Decides whether a text is an access token (RFC 9068) that this API accepts, by the rules of RFC 8725. The only place that does.
/// Pure: no I/O, no state, safe from many threads; revocation is asked separately (<see cref="IAccessTokenRevocations"/>).
/// </summary>
public sealed class AccessTokenVerifier
{
    /// <summary>The longest token looked at, in characters. A longer one is refused before any decoding.</summary>
    public const int MaximumTokenLength = 8 * 1024;

    // Two buffers of this size on the stack cover the usual token; above it they are rented.
    const int StackLimit = 1024;

    readonly IAccessTokenKeys _keys;
    readonly AccessTokenRules _rules;
    readonly TimeProvider _time;
    readonly IReadOnlyList<string> _onlyUs;

    /// <exception cref="ArgumentException">A rule is empty or out of its range.</exception>
    public AccessTokenVerifier(IAccessTokenKeys keys, AccessTokenRules rules, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(rules);
        rules.Validate();
        _keys = keys;
        _rules = rules;
        _time = time;
        _onlyUs = Array.AsReadOnly([rules.Audience]);
    }

    /// <summary>Checks form, type, key, signature, then claims. Never throws for any text.</summary>
    public AccessTokenVerification Verify(ReadOnlySpan<char> token)
    {
        if (token.IsEmpty || token.Length > MaximumTokenLength)
        {
            return AccessTokenVerification.Refuse(AccessTokenFailure.Malformed);
        }
        if (token.Length <= StackLimit)
        {
            return Verify(token, stackalloc byte[StackLimit * 2]);
        }
        var rented = ArrayPool<byte>.Shared.Rent(token.Length * 2);
        try
        {
            return Verify(token, rented);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <param name="token">The text.</param>
    /// <param name="buffer">At least twice the text's length: the signing input, and one decoded segment at a time.</param>
    AccessTokenVerification Verify(ReadOnlySpan<char> token, Span<byte> buffer)
    {
        try
        {
            var failure = Check(token, buffer, out var claims);
            return failure == AccessTokenFailure.None && claims is not null
                ? AccessTokenVerification.Accept(claims)
                : AccessTokenVerification.Refuse(failure);
        }
        // The reader's two ways to say that a text is not JSON, or that an escape in it is no character.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return AccessTokenVerification.Refuse(AccessTokenFailure.Malformed);
        }
    }

    AccessTokenFailure Check(ReadOnlySpan<char> token, Span<byte> buffer, out AccessToken? claims)
    {
        claims = null;
        var firstDot = token.IndexOf('.');
        var lastDot = token.LastIndexOf('.');
        if (firstDot < 1 || lastDot <= firstDot + 1 || token[(firstDot + 1)..lastDot].Contains('.'))
        {
            return AccessTokenFailure.Malformed;
        }
        var decoded = buffer[token.Length..];

        // 1. The header may only choose a key in memory; jku, x5u, jwk and x5c are not looked at (RFC 8725 §3.10).
        if (!CanonicalBase64Url.TryDecode(token[..firstDot], decoded, out var length) || !JsonShape.IsSoundObject(decoded[..length]))
        {
            return AccessTokenFailure.Malformed;
        }
        var header = new TokenHeader(stackalloc char[TokenHeader.KeyIdLimit], stackalloc char[TokenHeader.AlgorithmLimit]);
        if (header.Read(decoded[..length]) is var failure and not AccessTokenFailure.None)
        {
            return failure;
        }
        if (header.KeyId.IsEmpty || !_keys.TryGet(header.KeyId, out var key))
        {
            return AccessTokenFailure.UnknownKey;
        }
        if (!header.Algorithm.SequenceEqual(key.Algorithm))
        {
            return AccessTokenFailure.WrongAlgorithm;
        }

        // 2. The signature, before a word of the payload is read.
        if (!CanonicalBase64Url.TryDecode(token[(lastDot + 1)..], decoded, out length))
        {
            return AccessTokenFailure.Malformed;
        }
        if (Ascii.FromUtf16(token[..lastDot], buffer, out var signed) != OperationStatus.Done
            || !key.Verify(buffer[..signed], decoded[..length]))
        {
            return AccessTokenFailure.BadSignature;
        }

        // 3. The claims.
        if (!CanonicalBase64Url.TryDecode(token[(firstDot + 1)..lastDot], decoded, out length) || !JsonShape.IsSoundObject(decoded[..length]))
        {
            return AccessTokenFailure.Malformed;
        }
        var reading = new TokenClaims(_rules, _onlyUs);
        failure = reading.Read(decoded[..length]);
        return failure != AccessTokenFailure.None ? failure : reading.Judge(_time.GetUtcNow(), key.KeyId, out claims);
    }
}
