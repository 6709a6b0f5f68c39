using IdentityHost.Data.KeyRing;

namespace IdentityHost.Data.Postgres;

/// <summary>Which database the host uses: the one that is named, or, in Development, a Postgres of its own.</summary>
internal static class OwnDatabase
{
    const string ConnectionKey = "ConnectionStrings:Postgres";

    /// <summary>Starts our own Postgres where no server is named, and points the configuration at it. Null where one is named.</summary>
    /// <exception cref="InvalidOperationException">None is named, outside Development.</exception>
    /// <exception cref="PostgresNotFoundException">There are no binaries.</exception>
    public static async Task<EmbeddedPostgres?> StartIfNoneIsNamedAsync(
        WebApplicationBuilder builder, Action<string> progress, CancellationToken cancellationToken)
    {
        if (!string.IsNullOrEmpty(builder.Configuration[ConnectionKey]))
            return null;
        if (!builder.Environment.IsDevelopment())
            throw new InvalidOperationException(
                "ConnectionStrings:Postgres is not set. Name the database: ConnectionStrings__Postgres='Host=…;Database=…;Username=…;Password=…'. "
                + "(Only in Development does the host start a Postgres of its own: ASPNETCORE_ENVIRONMENT=Development.)");

        var own = await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions(), progress, cancellationToken);
        var settings = new Dictionary<string, string?> { [ConnectionKey] = own.ConnectionString };
        if (string.IsNullOrEmpty(builder.Configuration["DataProtection:KeyFile"]) && string.IsNullOrEmpty(builder.Configuration["DataProtection:Certificate"]))
        {
            // Beside the cluster, not in it: a dump of the database opens nothing here either.
            var keyFile = Path.Combine(EmbeddedPostgresOptions.BaseFolder(), "ring.key");
            RingKeyFile.EnsureExists(keyFile);
            settings["DataProtection:KeyFile"] = keyFile;
        }
        builder.Configuration.AddInMemoryCollection(settings);
        return own;
    }
}
