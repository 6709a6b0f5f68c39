using System.Text;
using System.Text.Json;

namespace IdentityHost.Users.Api.Bodies;

/// <summary>One JSON object of plain values (RFC 8259): no comments, no trailing commas, no depth, only UTF-8.</summary>
internal static class JsonBody
{
    /// <summary>Deep enough to say "nested" instead of "malformed", shallow enough to cost nothing.</summary>
    const int Depth = 16;

    /// <exception cref="MalformedBodyException">It is not JSON, or not an object.</exception>
    public static void Read(ReadOnlySpan<byte> content, MemberCollector members)
    {
        if (content.StartsWith(Encoding.UTF8.Preamble))
            content = content[Encoding.UTF8.Preamble.Length..];
        var reader = new Utf8JsonReader(content, new JsonReaderOptions { MaxDepth = Depth });
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                throw new MalformedBodyException("not a JSON object");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                reader.Read();
                members.Add(name, Value(ref reader));
            }
            // Reading on finds what follows the object, which the reader refuses.
            reader.Read();
        }
        catch (JsonException)
        {
            throw new MalformedBodyException("not well-formed JSON");
        }
        catch (InvalidOperationException)
        {
            // GetString met bytes or escapes that are no text: invalid UTF-8, half a surrogate pair.
            throw new MalformedBodyException("not Unicode text");
        }
    }

    static Member Value(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                return new Member(MemberKind.Text, reader.GetString());
            case JsonTokenType.Number:
                return new Member(MemberKind.Number, Encoding.ASCII.GetString(reader.ValueSpan));
            case JsonTokenType.True:
                return new Member(MemberKind.Boolean, "true");
            case JsonTokenType.False:
                return new Member(MemberKind.Boolean, "false");
            case JsonTokenType.Null:
                return new Member(MemberKind.Null);
            default:
                reader.Skip();
                return new Member(MemberKind.Nested);
        }
    }
}
