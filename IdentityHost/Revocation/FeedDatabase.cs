using IdentityHost.Data;
using Npgsql;

namespace IdentityHost.Revocation;

/// <summary>Connections for the feed, apart from those of requests.</summary>
internal sealed class FeedDatabase : IAsyncDisposable
{
    /// <summary>One that reads, one that listens, and one while either is replaced.</summary>
    const int MaximumConnections = 3;

    /// <summary>Seconds. A read that takes longer than the copy may be old has failed.</summary>
    const int Timeout = 2;
    const int ConnectTimeout = 5;

    /// <summary>Seconds between signs of life on the connection that only listens: one that is half open is found out.</summary>
    const int KeepAlive = 10;

    readonly NpgsqlDataSource _database;

    public FeedDatabase(string connectionString, ILoggerFactory loggers)
    {
        var source = new NpgsqlDataSourceBuilder(connectionString);
        var settings = source.ConnectionStringBuilder;
        settings.MinPoolSize = 0;
        settings.MaxPoolSize = MaximumConnections;
        settings.CommandTimeout = Timeout;
        settings.Timeout = ConnectTimeout;
        settings.KeepAlive = KeepAlive;
        settings.MaxAutoPrepare = 10;
        settings.AutoPrepareMinUsages = 2;
        settings.ApplicationName = "identityhost feed";
        source.UseLoggerFactory(loggers);
        _database = DataSources.Build(source);
    }

    public ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken) => _database.OpenConnectionAsync(cancellationToken);

    public async Task<FeedConnection> OpenAsync(DatabaseClock clock, CancellationToken cancellationToken) => new(await OpenAsync(cancellationToken), clock);

    public ValueTask DisposeAsync() => _database.DisposeAsync();
}
