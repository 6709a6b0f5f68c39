namespace IdentityHost.Hosting;

/// <summary>The files of wwwroot. ETag and Last-Modified are the framework's.</summary>
internal static class Assets
{
    public static void UseAssets(this WebApplication app) =>
        app.UseStaticFiles(new StaticFileOptions
        {
            OnPrepareResponse = answer =>
                // Pages link files with their hash (?v=…): such an address never changes its content.
                answer.Context.Response.Headers.CacheControl = answer.Context.Request.Query.ContainsKey("v")
                    ? "public, max-age=31536000, immutable"
                    : "public, max-age=3600",
        });
}
