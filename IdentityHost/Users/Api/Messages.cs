using System.Globalization;
using System.Resources;
using Microsoft.AspNetCore.Http.Headers;

namespace IdentityHost.Users.Api;

/// <summary>The words of the API in English and Indonesian (Messages.resx, Messages.id.resx). Codes never depend on them.</summary>
internal static class Messages
{
    static readonly ResourceManager Words = new("IdentityHost.Users.Api.Messages", typeof(Messages).Assembly);
    static readonly CultureInfo Indonesian = CultureInfo.GetCultureInfo("id");
    static readonly CultureInfo English = CultureInfo.GetCultureInfo("en");

    /// <summary>English, unless the client likes Indonesian better (RFC 9110 §12.5.4).</summary>
    public static CultureInfo Language(HttpContext context)
    {
        if (context.Request.Headers.AcceptLanguage.Count == 0)
            return English;
        double english = 0, indonesian = 0;
        foreach (var range in new RequestHeaders(context.Request.Headers).AcceptLanguage)
        {
            var quality = range.Quality ?? 1;
            if (Is(range.Value.Value, "en"))
                english = Math.Max(english, quality);
            else if (Is(range.Value.Value, "id"))
                indonesian = Math.Max(indonesian, quality);
        }
        return indonesian > english ? Indonesian : English;

        static bool Is(string? tag, string language) =>
            tag is not null && (tag.Equals(language, StringComparison.OrdinalIgnoreCase) || tag.StartsWith(language + "-", StringComparison.OrdinalIgnoreCase));
    }

    public static bool IsIndonesian(CultureInfo language) => ReferenceEquals(language, Indonesian);

    /// <param name="key">A name in Messages.resx.</param>
    /// <param name="language">One that <see cref="Language"/> answered.</param>
    /// <param name="arguments">What the placeholders stand for.</param>
    /// <exception cref="InvalidOperationException">There are no words for the key.</exception>
    public static string Get(string key, CultureInfo language, IReadOnlyList<object> arguments)
    {
        var words = Words.GetString(key, language) ?? throw new InvalidOperationException($"Messages.resx has no {key}.");
        return arguments.Count == 0 ? words : string.Format(language, words, [.. arguments]);
    }
}
