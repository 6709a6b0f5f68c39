namespace IdentityHost.Data.Postgres;

/// <summary>
/// Only one process at a time creates, starts or stops the cluster of a folder. The operating system releases the lock of a process that dies.
/// </summary>
internal sealed class FolderLock : IAsyncDisposable
{
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    readonly FileStream _file;

    FolderLock(FileStream file) => _file = file;

    /// <summary>Waits until the lock is free. Creating a cluster takes seconds, so does a stop.</summary>
    public static async Task<FolderLock> TakeAsync(string path, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TryTake(path) is { } taken)
                return taken;
            await Task.Delay(Pause, cancellationToken);
        }
    }

    /// <summary>The lock, or null while another process holds it.</summary>
    public static FolderLock? TryTake(string path)
    {
        try
        {
            return new FolderLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or FileNotFoundException or PathTooLongException))
        {
            return null;
        }
    }

    public ValueTask DisposeAsync() => _file.DisposeAsync();
}
