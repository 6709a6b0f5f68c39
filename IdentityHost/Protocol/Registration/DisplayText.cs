using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;

namespace IdentityHost.Protocol.Registration;

/// <summary>What metadata says to people, with its variants in other languages (RFC 7591 §2.2). Kept as text; none of it is ever fetched.</summary>
internal static class DisplayText
{
    const int LongestName = 100;

    static readonly ImmutableArray<string> Pages = ["client_uri", "logo_uri", "policy_uri", "tos_uri"];

    /// <summary>The name that people are shown, null where there is none. Nothing in it may be invisible or turn the rest of a sentence around.</summary>
    public static string? Name(MetadataDocument sent, JsonObject told)
    {
        foreach (var name in sent.VariantsOf("client_name").Prepend("client_name"))
        {
            if (sent.Text(name, LongestName) is not { } text)
                continue;
            if (text.Any(IsInvisible) || string.IsNullOrWhiteSpace(text))
                sent.Refuse("client_name must be printable.");
            told[name] = text;
        }
        return sent.Text("client_name", LongestName)?.Trim();
    }

    /// <summary>The addresses of pages for people.</summary>
    public static void Uris(MetadataDocument sent, JsonObject told, AddressRules addresses)
    {
        foreach (var page in Pages)
        {
            foreach (var name in sent.VariantsOf(page).Prepend(page))
            {
                if (sent.Text(name) is not { } uri)
                    continue;
                if (!addresses.IsOwnPage(uri))
                    sent.Refuse($"{page} must be an https address at the host of a redirect URI.");
                told[name] = uri;
            }
        }
    }

    static bool IsInvisible(char c) => char.GetUnicodeCategory(c) is
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse;
}
