using System.Text.Json;
using System.Text.Unicode;

namespace IdentityHost.ResourceServer;

/// <summary>
/// Whether a text is one JSON object without surprises: valid UTF-8, shallow, few members, and no member twice at any depth
/// (RFC 7519 §4 lets a parser refuse duplicates; two parsers that pick different ones are an attack).
/// </summary>
static class JsonShape
{
    /// <summary>Objects and arrays inside one another.</summary>
    public const int MaximumDepth = 6;

    /// <summary>Names that may be in view at once: one object's and those of the objects around it.</summary>
    public const int MaximumMembers = 64;

    static readonly JsonReaderOptions Options = new() { MaxDepth = MaximumDepth };

    public static Utf8JsonReader Reader(ReadOnlySpan<byte> utf8) => new(utf8, Options);

    /// <exception cref="JsonException">The text is not JSON, or too deep.</exception>
    public static bool IsSoundObject(ReadOnlySpan<byte> utf8)
    {
        if (!Utf8.IsValid(utf8))
        {
            return false;
        }
        Span<Range> names = stackalloc Range[MaximumMembers];
        Span<int> outer = stackalloc int[MaximumDepth + 1];
        var first = 0;
        var count = 0;
        var reader = Reader(utf8);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    outer[reader.CurrentDepth] = first;
                    first = count;
                    break;
                case JsonTokenType.EndObject when reader.CurrentDepth > 0:
                    count = first;
                    first = outer[reader.CurrentDepth];
                    break;
                case JsonTokenType.PropertyName:
                    // An escaped name could spell a name that is already there; no issuer needs one.
                    if (reader.ValueIsEscaped || count == MaximumMembers || Contains(utf8, names[first..count], reader.ValueSpan))
                    {
                        return false;
                    }
                    var start = (int)reader.TokenStartIndex + 1;
                    names[count++] = start..(start + reader.ValueSpan.Length);
                    break;
            }
        }
        return true;
    }

    static bool Contains(ReadOnlySpan<byte> utf8, ReadOnlySpan<Range> names, ReadOnlySpan<byte> name)
    {
        foreach (var known in names)
        {
            if (utf8[known].SequenceEqual(name))
            {
                return true;
            }
        }
        return false;
    }
}
