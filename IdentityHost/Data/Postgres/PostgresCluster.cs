using System.Globalization;
using System.Security.Cryptography;

namespace IdentityHost.Data.Postgres;

/// <summary>Creates, starts and stops the cluster of a folder. The caller holds the <see cref="FolderLock"/>.</summary>
internal sealed class PostgresCluster(ClusterFolder folder, bool durable, Action<string> progress)
{
    static readonly TimeSpan LogLife = TimeSpan.FromDays(7);

    const int AttemptsAfterDeath = 20;
    static readonly TimeSpan AttemptPause = TimeSpan.FromMilliseconds(500);

    readonly PostgresAccount _account = new();

    public ClusterFolder Folder => folder;

    /// <summary>Creates the cluster if there is none.</summary>
    /// <exception cref="PostgresNotFoundException">There are no binaries.</exception>
    public async Task CreateIfMissingAsync(CancellationToken cancellationToken)
    {
        await folder.PrepareAsync(_account, cancellationToken);
        if (Directory.Exists(folder.Data))
            return;
        var binaries = PostgresBinaries.FindAll()[0];
        progress($"Creating a Postgres cluster in {folder.Root}");
        if (Directory.Exists(folder.Unfinished))
            Directory.Delete(folder.Unfinished, recursive: true);
        await WritePasswordAsync(cancellationToken);
        await _account.RunAsync(
            binaries["initdb"],
            [
                "-D", folder.Unfinished, "-U", ClusterFolder.Role, "-E", "UTF8", "--locale=C",
                // The socket's folder is closed to others; the password holds even where that does not (root's own rights, a loopback port),
                // and SCRAM proves the server to the client too.
                "--auth=scram-sha-256", "--pwfile=" + folder.Password,
                .. durable ? Array.Empty<string>() : ["--no-sync"],
            ],
            folder.Root,
            cancellationToken);
        Directory.Move(folder.Unfinished, folder.Data);
    }

    /// <summary>Starts the server unless it runs. One that a killed host left running is found by its pid file.</summary>
    /// <exception cref="InvalidOperationException">It does not start; the message holds the reason from its log.</exception>
    public async Task StartIfStoppedAsync()
    {
        var died = false;
        if (Pid.Read(folder.Data) is { } pid)
        {
            if (pid.IsAlive())
                return;
            Pid.MarkDead(folder.Data);
            died = true;
        }
        var binaries = await MatchingBinariesAsync();
        progress("Starting Postgres");
        foreach (var old in new DirectoryInfo(folder.Log).EnumerateFiles().Where(file => TimeProvider.System.GetUtcNow().UtcDateTime - file.LastWriteTimeUtc > LogLife))
            old.Delete();
        await File.WriteAllTextAsync(Path.Combine(folder.Data, "postgresql.conf"), PostgresSettings.Text(folder, durable));
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                // pg_ctl gives the server a session of its own: a Ctrl-C in the terminal reaches the host alone, which then stops it in order.
                // Not cancellable: a server killed half way up has to recover at the next start.
                await _account.RunAsync(
                    binaries["pg_ctl"], ["start", "-D", folder.Data, "-l", Path.Combine(folder.Log, "start.log"), "-w", "-t", "300", "-s"], folder.Root, CancellationToken.None);
                return;
            }
            catch (InvalidOperationException) when (died && attempt < AttemptsAfterDeath)
            {
                // The children of a killed server notice within moments that they are alone; until the last has gone Postgres refuses to start.
                await Task.Delay(AttemptPause);
            }
            catch (InvalidOperationException e)
            {
                throw new InvalidOperationException($"{e.Message}\n{LastWords()}\nMore in {folder.Log}.", e);
            }
        }
    }

    /// <summary>Stops the server if it runs, closing every connection.</summary>
    public async Task StopAsync()
    {
        if (Pid.Read(folder.Data)?.IsAlive() != true)
            return;
        var binaries = await MatchingBinariesAsync();
        await _account.RunAsync(binaries["pg_ctl"], ["stop", "-D", folder.Data, "-m", "fast", "-w", "-t", "60", "-s"], folder.Root, CancellationToken.None);
    }

    /// <summary>Files of one major version are of no use to another, and a machine's upgrade may have brought a higher one.</summary>
    async Task<PostgresBinaries> MatchingBinariesAsync()
    {
        var wanted = int.Parse(await File.ReadAllTextAsync(Path.Combine(folder.Data, "PG_VERSION")), CultureInfo.InvariantCulture);
        foreach (var binaries in PostgresBinaries.FindAll())
        {
            if (await binaries.MajorVersionAsync(_account, CancellationToken.None) == wanted)
                return binaries;
        }
        throw new InvalidOperationException(
            $"The data in {folder.Root} was written by Postgres {wanted}, which is no longer installed: install it, or move that folder away and start with an empty database.");
    }

    /// <summary>The end of what the server wrote to its logs last.</summary>
    string LastWords() => string.Join('\n', new DirectoryInfo(folder.Log).EnumerateFiles()
        .OrderBy(file => file.LastWriteTimeUtc).TakeLast(2).SelectMany(file => File.ReadLines(file.FullName).TakeLast(5)));

    async Task WritePasswordAsync(CancellationToken cancellationToken)
    {
        var file = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            file.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        await using (var writer = new StreamWriter(folder.Password, file))
            await writer.WriteAsync(RandomNumberGenerator.GetHexString(32, lowercase: true));
        await _account.OwnAsync(folder.Password, cancellationToken);
    }
}
