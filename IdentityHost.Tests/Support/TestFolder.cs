using System.Globalization;
using System.Security.Cryptography;
using IdentityHost.Data.Postgres;

namespace IdentityHost.Tests.Support;

/// <summary>
/// A folder for a cluster of one run, in a place that only this user (and the account that runs Postgres) can write to. What a killed run
/// left behind, a running server included, is cleared away by the next one.
/// </summary>
internal sealed class TestFolder : IAsyncDisposable
{
    readonly FolderLock _owner;

    TestFolder(string folder, FolderLock owner)
    {
        Cluster = folder;
        _owner = owner;
    }

    static string Parent => Path.Combine(EmbeddedPostgresOptions.BaseFolder(), "tests");

    /// <summary>The folder to give to the cluster; it does not exist yet.</summary>
    public string Cluster { get; }

    /// <summary>Clears what dead runs left, and takes a new folder. The lock beside it tells others that its owner lives.</summary>
    public static async Task<TestFolder> CreateAsync()
    {
        Directory.CreateDirectory(Parent);
        foreach (var left in Directory.GetFiles(Parent, "*.owner"))
            await ClearAsync(left);
        var folder = Path.Combine(Parent, Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "-" + RandomNumberGenerator.GetHexString(6, lowercase: true));
        return new TestFolder(folder, FolderLock.TryTake(folder + ".owner") ?? throw new InvalidOperationException($"{folder} is taken."));
    }

    /// <summary>Stops what runs in the folder and removes it.</summary>
    public async ValueTask DisposeAsync()
    {
        await RemoveAsync(Cluster);
        File.Delete(Cluster + ".owner");
        await _owner.DisposeAsync();
    }

    static async Task ClearAsync(string owner)
    {
        await using var taken = FolderLock.TryTake(owner);
        if (taken is null)
            return;
        await RemoveAsync(owner[..^".owner".Length]);
        File.Delete(owner);
    }

    static async Task RemoveAsync(string folder)
    {
        if (!Directory.Exists(folder))
            return;
        await new PostgresCluster(new ClusterFolder(folder), durable: false, _ => { }).StopAsync();
        Directory.Delete(folder, recursive: true);
    }
}
