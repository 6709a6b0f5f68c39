namespace IdentityHost.Hosting;

/// <summary>The files of wwwroot. ETag and Last-Modified are the framework's.</summary>
internal static class Assets
{
    public static void UseAssets(this WebApplication app) =>
        app.UseStaticFiles(new StaticFileOptions
        {
            OnPrepareResponse = answer => answer.Context.Response.Headers.CacheControl = CacheControlOf(answer.Context.Request),
        });

    /// <summary>Pages link files with their hash (<c>?v=…</c>): such an address never changes its content.</summary>
    public static string CacheControlOf(HttpRequest request) =>
        request.Query.ContainsKey("v") ? "public, max-age=31536000, immutable" : "public, max-age=3600";
}
