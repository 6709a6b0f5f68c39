using System.Diagnostics;
using System.Globalization;

namespace IdentityHost.Data.Postgres;

/// <summary>What a running server says about itself in <c>postmaster.pid</c>.</summary>
/// <param name="Process">The postmaster's process id.</param>
/// <param name="Data">The data folder as the server was told it.</param>
/// <param name="Port">Its port; on a unix socket a part of the socket's name.</param>
internal sealed record Pid(int Process, string Data, int Port)
{
    /// <summary>Above the highest process id that any kernel gives.</summary>
    const int NoProcess = int.MaxValue - 1;

    /// <summary>Null when there is no file, or it is not yet written to the end.</summary>
    public static Pid? Read(string dataFolder)
    {
        try
        {
            var lines = File.ReadAllLines(FileIn(dataFolder));
            return lines.Length >= 4
                && int.TryParse(lines[0], CultureInfo.InvariantCulture, out var process)
                && int.TryParse(lines[3], CultureInfo.InvariantCulture, out var port)
                ? new Pid(process, lines[1], port)
                : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>
    /// Whether the process that the file names is this cluster's server. After a restart of the machine or container the number may be another
    /// process's, and a killed server that nobody has reaped yet still has its number (but no command line).
    /// </summary>
    public bool IsAlive()
    {
        try
        {
            if (OperatingSystem.IsLinux())
                return File.ReadAllText($"/proc/{Process}/cmdline").Contains(Data, StringComparison.Ordinal);
            using var process = System.Diagnostics.Process.GetProcessById(Process);
            return process.ProcessName.StartsWith("postgres", StringComparison.OrdinalIgnoreCase);
        }
        catch (Exception e) when (e is IOException or ArgumentException or InvalidOperationException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>
    /// Makes Postgres see that the file of a dead server is stale where the number has become another process's. The file itself stays: its
    /// last line lets Postgres find out whether children of the dead server still write to the data.
    /// </summary>
    public static void MarkDead(string dataFolder)
    {
        var file = FileIn(dataFolder);
        var lines = File.ReadAllLines(file);
        lines[0] = NoProcess.ToString(CultureInfo.InvariantCulture);
        File.WriteAllText(file, string.Join('\n', lines) + "\n");
    }

    static string FileIn(string dataFolder) => Path.Combine(dataFolder, "postmaster.pid");
}
