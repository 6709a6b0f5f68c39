using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Headers;
using Microsoft.AspNetCore.Localization;
using Microsoft.Extensions.Primitives;

namespace IdentityHost.Hosting;

/// <summary>English and Indonesian: <c>ui_locales</c> in the query (OIDC Core section 3.1.2.1), then Accept-Language, then English.</summary>
internal static class Languages
{
    public static void AddLanguages(this WebApplicationBuilder builder)
    {
        builder.Services.AddLocalization();
        builder.Services.Configure<RequestLocalizationOptions>(options =>
        {
            options.SetDefaultCulture("en");
            // Only words change: numbers and dates on the wire must not follow a header.
            options.AddSupportedCultures("en");
            options.AddSupportedUICultures("en", "id");
            options.RequestCultureProviders = [new UiLocales(), new AcceptLanguage()];
        });
    }

    /// <summary>
    /// The header in the order of its weights. Not the framework's provider, which takes a language of weight 0, one that the reader refuses
    /// (RFC 9110 §12.5.4), for one that is wanted, and looks at three only.
    /// </summary>
    sealed class AcceptLanguage : IRequestCultureProvider
    {
        const int Most = 8;

        public Task<ProviderCultureResult?> DetermineProviderCultureResult(HttpContext httpContext)
        {
            if (httpContext.Request.Headers.AcceptLanguage.Count == 0)
                return Task.FromResult<ProviderCultureResult?>(null);
            var tags = new RequestHeaders(httpContext.Request.Headers).AcceptLanguage.Where(range => range.Quality != 0).Take(Most)
                .OrderByDescending(range => range.Quality ?? 1).Select(range => range.Value).ToList();
            return Task.FromResult(tags.Count == 0 ? null : new ProviderCultureResult(["en"], tags));
        }
    }

    sealed class UiLocales : IRequestCultureProvider
    {
        /// <summary>More than the header's limit of the framework (3), still a bound.</summary>
        const int Most = 8;

        public Task<ProviderCultureResult?> DetermineProviderCultureResult(HttpContext httpContext)
        {
            if (!httpContext.Request.Query.TryGetValue("ui_locales", out var value))
                return NullProviderCultureResult;
            var tags = value.ToString().Split(' ', Most + 1, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Take(Most).Select(tag => new StringSegment(tag)).ToList();
            return tags.Count == 0 ? NullProviderCultureResult : Task.FromResult<ProviderCultureResult?>(new ProviderCultureResult(["en"], tags));
        }

        static Task<ProviderCultureResult?> NullProviderCultureResult => Task.FromResult<ProviderCultureResult?>(null);
    }
}
