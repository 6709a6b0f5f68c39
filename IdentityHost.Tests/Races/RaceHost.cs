using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Races;

/// <summary>
/// Two nodes for the races alone: their own database, so that its statistics (deadlocks, heap-only updates) are of nothing else, and no Debug
/// log, which would be most of the work.
/// </summary>
public sealed class RaceHost(TestPostgres postgres) : HostFixture(postgres)
{
    protected override IEnumerable<KeyValuePair<string, string?>> Settings => [new("Logging:LogLevel:Default", "Warning")];

    /// <summary>Whether the promised size is run (<c>IDENTITYHOST_FULL=true</c>) instead of what every build can afford.</summary>
    public static bool Full => Environment.GetEnvironmentVariable("IDENTITYHOST_FULL") == "true";

    /// <summary>How often the database ended a transaction because two waited for one another, since the database was made.</summary>
    public async Task<long> DeadlocksAsync()
    {
        FlushStatistics();
        return await ScalarAsync<long>("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()");
    }

    /// <summary>Closes the nodes' idle connections: a Postgres session tells its counts when it ends, and else up to ten seconds later.</summary>
    public void FlushStatistics()
    {
        foreach (var node in Nodes)
            node.Service<Npgsql.NpgsqlDataSource>().Clear();
    }
}

/// <summary>The races run one after another: each wants the machine for itself.</summary>
[CollectionDefinition(Name)]
public sealed class RacesAlone : ICollectionFixture<RaceHost>
{
    public const string Name = "Races";
}
