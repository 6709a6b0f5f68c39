using IdentityHost.Data;
using IdentityHost.Hosting;
using IdentityHost.Jobs;
using IdentityHost.Limits;
using IdentityHost.Mail;
using IdentityHost.Protocol;
using IdentityHost.Revocation;
using IdentityHost.SignIn;
using IdentityHost.Users;
using Pages;
using Pages.Docs;

namespace IdentityHost;

/// <summary>The composition: one Add and one Map line per feature, in reading order.</summary>
internal static class Program
{
    public static Task<int> Main(string[] args) => CommandLine.RunAsync(args);

    /// <summary>A builder with the configuration of this machine: files, environment, arguments.</summary>
    public static WebApplicationBuilder CreateBuilder(string[] args) =>
        WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ApplicationName = "IdentityHost", ContentRootPath = ContentRoot(args) });

    /// <summary>The host, not yet started. Tests build two of them on one database.</summary>
    public static WebApplication Build(WebApplicationBuilder builder)
    {
        builder.AddHosting();
        builder.AddData();
        builder.AddMail();
        builder.AddRevocation();
        builder.AddLimits();
        builder.AddProtocol();
        builder.AddUsers();
        builder.AddSignIn();
        builder.AddJobs();
        builder.AddPages();

        var app = builder.Build();
        app.UseHosting();
        app.MapProtocol();
        app.MapUsers();
        app.MapSignIn();
        app.MapPages();
        app.MapDocs();
        return app;
    }

    /// <summary>A published host that is started from another folder finds its settings and stylesheet beside itself.</summary>
    static string? ContentRoot(string[] args) =>
        args.Any(a => a.StartsWith("--contentRoot", StringComparison.OrdinalIgnoreCase)) || File.Exists("appsettings.json") ? null : AppContext.BaseDirectory;
}
