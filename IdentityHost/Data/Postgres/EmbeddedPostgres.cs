namespace IdentityHost.Data.Postgres;

/// <summary>
/// The host's own Postgres, for machines where no server is named: a private cluster in a folder, created at the first start and kept
/// between runs. Hosts on one folder share it; the last one out stops it.
/// </summary>
internal sealed class EmbeddedPostgres : IAsyncDisposable
{
    static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(30);

    readonly PostgresCluster _cluster;
    readonly ClusterShare _share;
    bool _disposed;

    EmbeddedPostgres(PostgresCluster cluster, ClusterShare share, string database)
    {
        _cluster = cluster;
        _share = share;
        ConnectionString = cluster.Folder.ConnectionString(database);
    }

    /// <summary>An Npgsql connection string of the database, as the cluster's superuser. Holds a password: not for logs.</summary>
    public string ConnectionString { get; }

    /// <summary>The folder that holds the cluster.</summary>
    public string DataFolder => _cluster.Folder.Root;

    /// <summary>Creates the cluster if there is none, starts it if it does not run, and creates the database if it is missing.</summary>
    /// <param name="options">Where, and how careful.</param>
    /// <param name="progress">Told in a short line about anything that takes its time.</param>
    /// <param name="cancellationToken">Gives up waiting; a server that is coming up is let come up.</param>
    /// <exception cref="PostgresNotFoundException">There are no binaries.</exception>
    /// <exception cref="InvalidOperationException">The cluster cannot be created or started; the message says why.</exception>
    public static async Task<EmbeddedPostgres> StartAsync(EmbeddedPostgresOptions options, Action<string> progress, CancellationToken cancellationToken)
    {
        // Before anything is written.
        PostgresBinaries.FindAll();
        var cluster = new PostgresCluster(new ClusterFolder(options.Folder), options.Durable, progress);
        cluster.Folder.CreateRoot();
        await using var alone = await FolderLock.TakeAsync(cluster.Folder.Lock, cancellationToken);
        await cluster.CreateIfMissingAsync(cancellationToken);
        var share = await ClusterShare.JoinAsync(cluster, cancellationToken);
        try
        {
            await share.CreateDatabaseIfMissingAsync(options.Database);
            return new EmbeddedPostgres(cluster, share, options.Database);
        }
        catch
        {
            await LeaveAsync(cluster, share);
            throw;
        }
    }

    /// <summary>Stops the cluster if no other host is on it. Close your own connections first: a stop cuts them.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        using var patience = new CancellationTokenSource(StopPatience);
        // Under the lock a host that starts right now either is counted, or waits and starts the cluster again.
        try
        {
            await using var alone = await FolderLock.TakeAsync(_cluster.Folder.Lock, patience.Token);
            await LeaveAsync(_cluster, _share);
        }
        catch (OperationCanceledException)
        {
            // Whoever holds the lock for so long is starting: the cluster is theirs to stop.
            await _share.DisposeAsync();
        }
    }

    static async Task LeaveAsync(PostgresCluster cluster, ClusterShare share)
    {
        var last = await share.LeaveAsync();
        await share.DisposeAsync();
        if (last)
            await cluster.StopAsync();
    }
}
