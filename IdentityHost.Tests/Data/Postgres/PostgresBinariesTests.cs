using IdentityHost.Data.Postgres;

namespace IdentityHost.Tests.Data.Postgres;

/// <summary>Finding the programs of Postgres on a machine.</summary>
public sealed class PostgresBinariesTests
{
    [Fact]
    public void NothingInstalled_TheMessageNamesThreeWaysOutInThreeLines()
    {
        var missing = Assert.Throws<PostgresNotFoundException>(() => PostgresBinaries.FindAll([], ["/nowhere/bin"]));

        var lines = missing.Message.Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.Contains("install", lines[0], StringComparison.OrdinalIgnoreCase);
        Assert.Contains("docker compose up", lines[1], StringComparison.Ordinal);
        Assert.Contains("ConnectionStrings__Postgres", lines[2], StringComparison.Ordinal);
    }

    [Fact]
    public void FoldersThatLackAProgram_AreNotTaken_AndPathComesFirst()
    {
        var parent = Directory.CreateTempSubdirectory();
        try
        {
            var half = Folder("half", "initdb", "postgres");
            var onPath = Folder("path", "initdb", "postgres", "pg_ctl");
            var installed = Folder("installed", "initdb", "postgres", "pg_ctl");

            var dangling = Folder("dangling", "postgres", "pg_ctl");
            if (!OperatingSystem.IsWindows())
                File.CreateSymbolicLink(Path.Combine(dangling, "initdb"), Path.Combine(parent.FullName, "uninstalled"));

            var found = PostgresBinaries.FindAll([half, dangling, onPath], [installed]);

            Assert.Equal([onPath, installed], found.Select(binaries => binaries.Folder));
        }
        finally
        {
            parent.Delete(recursive: true);
        }

        string Folder(string name, params string[] programs)
        {
            var folder = parent.CreateSubdirectory(name).FullName;
            foreach (var program in programs)
                File.WriteAllText(new PostgresBinaries(folder)[program], "");
            return folder;
        }
    }
}
