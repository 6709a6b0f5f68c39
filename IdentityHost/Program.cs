using System.Data.Common;
using IdentityHost.Data;
using IdentityHost.Hosting;
using Npgsql;
using Pages;

namespace IdentityHost;

/// <summary>The composition: one Add and one Map line per feature, in reading order.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        await using var app = Build(args);
        await app.RunAsync();
        return 0;
    }

    /// <summary>The host, not yet started. Tests build two of them on one database.</summary>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ApplicationName = "IdentityHost" });
        configure?.Invoke(builder);
        builder.AddHosting();
        builder.AddData();
        builder.Services.AddSingleton<DbDataSource>(provider => provider.GetRequiredService<NpgsqlDataSource>());
        builder.AddPages();

        var app = builder.Build();
        app.UseHosting();
        app.MapPages();
        return app;
    }
}
