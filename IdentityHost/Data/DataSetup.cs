using System.Data.Common;
using IdentityHost.Data.KeyRing;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace IdentityHost.Data;

/// <summary>
/// Owns the tables, their migrations, the connection to Postgres (its own one, if none is named), the clock every node shares and the
/// Data Protection ring. Stands to the left of everything: it knows no feature.
/// </summary>
internal static class DataSetup
{
    public static WebApplicationBuilder AddData(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        var connectionString = ReadConnectionString(builder.Configuration);
        services.AddSingleton(provider =>
        {
            var source = new NpgsqlDataSourceBuilder(connectionString);
            source.ConnectionStringBuilder.MaxAutoPrepare = 100;
            source.ConnectionStringBuilder.ApplicationName ??= "identityhost";
            source.UseLoggerFactory(provider.GetRequiredService<ILoggerFactory>());
            return DataSources.Build(source);
        });
        // The same source under the name that the framework-only parts (health) ask for.
        services.AddSingleton<DbDataSource>(provider => provider.GetRequiredService<NpgsqlDataSource>());
        services.AddPooledDbContextFactory<HostDbContext>((provider, options) => options.UseNpgsql(provider.GetRequiredService<NpgsqlDataSource>()));
        services.AddScoped(provider => provider.GetRequiredService<IDbContextFactory<HostDbContext>>().CreateDbContext());

        services.AddSingleton<ServerSecrets>();
        services.AddSingleton<DatabaseSetup>();
        services.AddHostedService(provider => provider.GetRequiredService<DatabaseSetup>());
        services.AddSingleton<DatabaseClock>();
        services.AddSingleton<TimeProvider>(provider => provider.GetRequiredService<DatabaseClock>());
        builder.AddKeyRing();
        return builder;
    }

    /// <summary>Refused at once and by its name; the value is not repeated, since it holds a password.</summary>
    /// <exception cref="InvalidOperationException">It cannot be read.</exception>
    static string? ReadConnectionString(IConfiguration configuration)
    {
        var value = configuration.GetConnectionString("Postgres");
        try
        {
            _ = new NpgsqlConnectionStringBuilder(value);
            return value;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or KeyNotFoundException)
        {
            throw new InvalidOperationException(
                "ConnectionStrings:Postgres cannot be read. Write it as 'Host=…;Database=…;Username=…;Password=…', with quotes around a value that has a semicolon.", e);
        }
    }
}
