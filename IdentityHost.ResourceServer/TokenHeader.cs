using System.Text.Json;

namespace IdentityHost.ResourceServer;

/// <summary>The three header members that matter (RFC 7515 §4.1, RFC 9068 §2.1), read into the caller's stack.</summary>
ref struct TokenHeader(Span<char> keyIdBuffer, Span<char> algorithmBuffer)
{
    /// <summary>The longest <c>kid</c> that can be known, in bytes of JSON.</summary>
    public const int KeyIdLimit = 128;

    public const int AlgorithmLimit = 16;

    const int TypeLimit = 64;

    readonly Span<char> _keyId = keyIdBuffer;
    readonly Span<char> _algorithm = algorithmBuffer;
    int _keyIdLength;
    int _algorithmLength;

    /// <summary>Empty if absent or too long to be known.</summary>
    public readonly ReadOnlySpan<char> KeyId => _keyId[.._keyIdLength];

    /// <summary>Empty if absent or too long to be known.</summary>
    public readonly ReadOnlySpan<char> Algorithm => _algorithm[.._algorithmLength];

    /// <param name="json">An object that <see cref="JsonShape.IsSoundObject"/> has seen.</param>
    public AccessTokenFailure Read(ReadOnlySpan<byte> json)
    {
        var typed = false;
        var reader = JsonShape.Reader(json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            // crit names extensions that must be understood, and none is (RFC 7515 §4.1.11); b64 changes what is signed (RFC 7797).
            if (reader.ValueTextEquals("crit"u8) || reader.ValueTextEquals("b64"u8))
            {
                return AccessTokenFailure.Malformed;
            }
            var isType = reader.ValueTextEquals("typ"u8);
            var isAlgorithm = reader.ValueTextEquals("alg"u8);
            var isKeyId = reader.ValueTextEquals("kid"u8);
            reader.Read();
            if (!isType && !isAlgorithm && !isKeyId)
            {
                reader.Skip();
                continue;
            }
            if (reader.TokenType != JsonTokenType.String)
            {
                return AccessTokenFailure.Malformed;
            }
            if (isType)
            {
                typed = IsAccessToken(ref reader);
            }
            else if (isAlgorithm)
            {
                _algorithmLength = Copy(ref reader, _algorithm);
            }
            else
            {
                _keyIdLength = Copy(ref reader, _keyId);
            }
        }
        return typed ? AccessTokenFailure.None : AccessTokenFailure.WrongType;
    }

    /// <summary>RFC 9068 §4: <c>at+jwt</c> or <c>application/at+jwt</c>; media types have no case (RFC 7515 §4.1.9).</summary>
    static bool IsAccessToken(ref Utf8JsonReader reader)
    {
        Span<char> buffer = stackalloc char[TypeLimit];
        ReadOnlySpan<char> type = buffer[..Copy(ref reader, buffer)];
        return type.Equals("at+jwt", StringComparison.OrdinalIgnoreCase) || type.Equals("application/at+jwt", StringComparison.OrdinalIgnoreCase);
    }

    /// <returns>The length of the text; 0 where it does not fit.</returns>
    static int Copy(scoped ref Utf8JsonReader reader, scoped Span<char> buffer) =>
        reader.ValueSpan.Length > buffer.Length ? 0 : reader.CopyString(buffer);
}
