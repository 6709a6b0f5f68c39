namespace IdentityHost.Data.Postgres;

/// <summary>Where the host's own Postgres lives and how careful it is.</summary>
internal sealed record EmbeddedPostgresOptions
{
    /// <summary>
    /// Holds everything of the cluster. Hosts that name the same folder share one cluster. Default: <c>identityhost/postgres</c> below the
    /// user's local application data; for root <c>/var/lib/identityhost/postgres</c>, because root's home is closed to the account that runs Postgres.
    /// </summary>
    public string Folder { get; init; } = Path.Combine(BaseFolder(), "postgres");

    /// <summary>False trades survival of a power cut for speed: for tests only.</summary>
    public bool Durable { get; init; } = true;

    /// <summary>The database that <see cref="EmbeddedPostgres.ConnectionString"/> names; created if it is missing.</summary>
    public string Database { get; init; } = "identityhost";

    /// <summary>The folder that is ours on this machine.</summary>
    /// <exception cref="InvalidOperationException">The account has no home.</exception>
    public static string BaseFolder()
    {
        if (PostgresAccount.IsRoot)
            return "/var/lib/identityhost";
        var home = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        return home.Length > 0
            ? Path.Combine(home, "identityhost")
            : throw new InvalidOperationException("This account has no home to keep a Postgres cluster in: set HOME, or ConnectionStrings__Postgres.");
    }
}
