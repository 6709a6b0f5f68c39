using System.Globalization;
using System.Resources;
using Microsoft.AspNetCore.Localization;

namespace IdentityHost.Users.Api;

/// <summary>The words of the API in English and Indonesian (Messages.resx, Messages.id.resx). Codes never depend on them.</summary>
internal static class Messages
{
    static readonly ResourceManager Words = new("IdentityHost.Users.Api.Messages", typeof(Messages).Assembly);
    static readonly CultureInfo English = CultureInfo.GetCultureInfo("en");

    /// <summary>
    /// What request localization chose: <c>en</c> or <c>id</c>. Taken from the request and not from <see cref="CultureInfo.CurrentUICulture"/>,
    /// which an exception handler outside that middleware no longer sees.
    /// </summary>
    public static CultureInfo Language(HttpContext context) => context.Features.Get<IRequestCultureFeature>()?.RequestCulture.UICulture ?? English;

    public static bool IsIndonesian(CultureInfo language) => language.TwoLetterISOLanguageName == "id";

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
