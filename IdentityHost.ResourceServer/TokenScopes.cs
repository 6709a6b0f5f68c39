namespace IdentityHost.ResourceServer;

/// <summary>
/// The scopes of a token, kept as the one string they arrived in (RFC 6749 §3.3: names separated by single spaces),
/// so that a request which asks about one scope allocates nothing.
/// </summary>
public readonly struct TokenScopes : IEquatable<TokenScopes>
{
    readonly string? _value;

    /// <param name="value">Scope names separated by spaces; null and empty mean none.</param>
    public TokenScopes(string? value) => _value = value;

    /// <summary>Whether no scope is there.</summary>
    public bool IsEmpty => _value.AsSpan().Trim(' ').IsEmpty;

    /// <summary>Whether exactly this scope is there (ordinal, case-sensitive). An empty name, or one with a space, never is.</summary>
    public bool Contains(ReadOnlySpan<char> scope)
    {
        if (scope.IsEmpty || scope.Contains(' '))
        {
            return false;
        }
        var all = _value.AsSpan();
        foreach (var range in all.Split(' '))
        {
            if (all[range].SequenceEqual(scope))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>The names, in the order of the token.</summary>
    public string[] ToArray() => _value?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];

    /// <summary>The names separated by spaces, as a <c>scope</c> member has them.</summary>
    public override string ToString() => _value ?? "";

    /// <summary>Equal text, hence equal names in equal order.</summary>
    public bool Equals(TokenScopes other) => string.Equals(ToString(), other.ToString(), StringComparison.Ordinal);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is TokenScopes other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    /// <inheritdoc cref="Equals(TokenScopes)"/>
    public static bool operator ==(TokenScopes left, TokenScopes right) => left.Equals(right);

    /// <summary>The opposite of <see cref="Equals(TokenScopes)"/>.</summary>
    public static bool operator !=(TokenScopes left, TokenScopes right) => !left.Equals(right);
}
