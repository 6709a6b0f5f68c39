using IdentityHost.Tests.Hosting;
using Pages.Resources;

namespace IdentityHost.Tests.Pages;

/// <summary>Pages speak English and Indonesian.</summary>
public sealed class LanguageTests(HostingFixture host) : IClassFixture<HostingFixture>
{
    [Theory]
    [InlineData("/", null, "en", "An identity server runs here")]
    [InlineData("/", "id", "id", "Server identitas berjalan di sini")]
    [InlineData("/", "id-ID,id;q=0.9,en;q=0.8", "id", "Server identitas berjalan di sini")]
    [InlineData("/", "fr", "en", "An identity server runs here")]
    [InlineData("/?ui_locales=fr%20id", "en", "id", "Server identitas berjalan di sini")]
    [InlineData("/?ui_locales=en", "id", "en", "An identity server runs here")]
    [InlineData("/?ui_locales=%00%20../..", "id", "en", "An identity server runs here")]
    [InlineData("/nothing-here", "id", "id", "Halaman ini tidak ada")]
    public async Task Language_is_the_one_asked_for(string path, string? header, string language, string text)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "Accept", "text/html" } } };
        if (header is not null)
            request.Headers.TryAddWithoutValidation("Accept-Language", header);
        using var answer = await host.Client.SendAsync(request);
        var html = await answer.Content.ReadAsStringAsync();
        Assert.Contains($"<html lang=\"{language}\">", html, StringComparison.Ordinal);
        Assert.Contains(text, html, StringComparison.Ordinal);
    }

    /// <summary>A text that is missing would show its name.</summary>
    [Fact]
    public void Both_languages_have_every_text()
    {
        var english = Names("en");
        Assert.NotEmpty(english);
        Assert.Equal(english, Names("id"));

        static string[] Names(string language)
        {
            var resources = new System.Resources.ResourceManager(typeof(PageTexts));
            var set = resources.GetResourceSet(System.Globalization.CultureInfo.GetCultureInfo(language), createIfNotExists: true, tryParents: language == "en")!;
            return [.. set.Cast<System.Collections.DictionaryEntry>().Select(entry => (string)entry.Key).Order(StringComparer.Ordinal)];
        }
    }
}
