using System.Text.Json;
using Microsoft.Net.Http.Headers;

namespace IdentityHost.Protocol.Registration;

/// <summary>
/// The JSON object that a registration sends (RFC 7591 §2), read strictly: one object in UTF-8, no name twice, no text that is none. A member that
/// is null counts as absent; unknown ones are ignored. The first fault is kept, so that whoever reads members goes on to the end without asking.
/// </summary>
internal sealed class MetadataDocument
{
    /// <summary>The largest body read, in bytes.</summary>
    const int MaximumBody = 64 * 1024;

    const int LongestText = 2000;

    readonly JsonElement _root;

    MetadataDocument(JsonElement root) => _root = root;

    /// <summary>The first thing that was wrong.</summary>
    public ProtocolError? Fault { get; private set; }

    public static async Task<Result<MetadataDocument>> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
            || !type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || (type.Charset.HasValue && !HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase))
            || request.Headers.ContentEncoding.Count > 0)
            return Malformed("Send the metadata as application/json in UTF-8.");
        if (request.ContentLength > MaximumBody)
            return TooLarge;
        var body = new byte[(int)(request.ContentLength ?? MaximumBody) + 1];
        var read = await request.Body.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, cancellationToken);
        if (read > MaximumBody)
            return TooLarge;
        try
        {
            using var document = JsonDocument.Parse(body.AsMemory(0, read), new JsonDocumentOptions { MaxDepth = 16, AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return Malformed("The metadata must be one JSON object.");
            return IsText(document.RootElement)
                ? new MetadataDocument(document.RootElement.Clone())
                : Malformed("The metadata holds characters that are no text.");
        }
        catch (JsonException)
        {
            return Malformed("The metadata is not well-formed JSON, is nested too deep, or names a member twice.");
        }
    }

    /// <summary>Keeps the first fault.</summary>
    public void Refuse(ProtocolError error) => Fault ??= error;

    /// <summary>Keeps the first fault, of metadata that is not as it must be.</summary>
    public void Refuse(string description, string? detail = null) => Refuse(Malformed(description) with { Detail = detail });

    public bool Has(string name) => Find(name) is not null;

    /// <summary>A string that is not empty; null where it is absent or empty.</summary>
    public string? Text(string name, int longest = LongestText)
    {
        if (Find(name) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.String && value.GetString() is { } text && text.Length <= longest)
            return text.Length == 0 ? null : text;
        Refuse($"{name} must be a string of at most {longest} characters.");
        return null;
    }

    /// <summary>An array of strings, without repetitions; null where it is absent.</summary>
    public string[]? Texts(string name, int most, int longest = LongestText)
    {
        if (Find(name) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() <= most)
        {
            var texts = value.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.String ? item.GetString()! : "").ToList();
            if (texts.TrueForAll(text => text.Length > 0 && text.Length <= longest))
                return [.. texts.Distinct(StringComparer.Ordinal)];
        }
        Refuse($"{name} must be an array of at most {most} strings, each of at most {longest} characters.");
        return null;
    }

    public bool? Flag(string name)
    {
        switch (Find(name))
        {
            case null:
                return null;
            case { ValueKind: JsonValueKind.True }:
                return true;
            case { ValueKind: JsonValueKind.False }:
                return false;
            // Written as text by clients that were configured by hand.
            case { ValueKind: JsonValueKind.String } text when text.GetString() is "true" or "false":
                return text.GetString() == "true";
            default:
                Refuse($"{name} must be true or false.");
                return null;
        }
    }

    /// <summary>A whole number that is not negative.</summary>
    public int? Number(string name)
    {
        if (Find(name) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= 0)
            return number;
        Refuse($"{name} must be a whole number from 0 on.");
        return null;
    }

    /// <summary>An object as it was sent.</summary>
    public JsonElement? Object(string name)
    {
        if (Find(name) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Object)
            return value;
        Refuse($"{name} must be an object.");
        return null;
    }

    /// <summary>The names of the member's variants in other languages (§2.2: <c>client_name#ja-Jpan-JP</c>), at most 20.</summary>
    public IReadOnlyList<string> VariantsOf(string name)
    {
        const int most = 20;
        const int longestTag = 35;
        var prefix = name + "#";
        var variants = _root.EnumerateObject().Select(member => member.Name).Where(n => n.StartsWith(prefix, StringComparison.Ordinal)).ToList();
        if (variants.Count <= most && variants.TrueForAll(IsTagged))
            return variants;
        Refuse($"{name} has more than {most} languages, or one whose tag is none (BCP 47).");
        return [];

        bool IsTagged(string variant) =>
            variant.Length > prefix.Length && variant.Length <= prefix.Length + longestTag && variant.Skip(prefix.Length).All(c => char.IsAsciiLetterOrDigit(c) || c == '-');
    }

    JsonElement? Find(string name) => _root.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    static ProtocolError Malformed(string description) => new("invalid_client_metadata", description);

    static ProtocolError TooLarge => new("invalid_client_metadata", "The metadata is larger than 64 KB.", StatusCodes.Status413PayloadTooLarge);

    /// <summary>Bytes that are no UTF-8, half a surrogate pair, NUL: the database could not hold them.</summary>
    static bool IsText(JsonElement element)
    {
        try
        {
            return element.ValueKind switch
            {
                JsonValueKind.String => !element.GetString()!.Contains('\0', StringComparison.Ordinal),
                JsonValueKind.Array => element.EnumerateArray().All(IsText),
                JsonValueKind.Object => element.EnumerateObject().All(m => !m.Name.Contains('\0', StringComparison.Ordinal) && IsText(m.Value)),
                _ => true,
            };
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
