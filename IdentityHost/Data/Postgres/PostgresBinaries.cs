using System.Collections.Immutable;
using System.Globalization;

namespace IdentityHost.Data.Postgres;

/// <summary>A folder that holds <c>initdb</c>, <c>pg_ctl</c> and <c>postgres</c> of one version.</summary>
internal sealed class PostgresBinaries(string folder)
{
    static readonly ImmutableArray<string> Needed = ["initdb", "pg_ctl", "postgres"];

    /// <summary>Where the programs are.</summary>
    public string Folder => folder;

    /// <summary>The full path of one program, for example <c>pg_dump</c>.</summary>
    public string this[string program] => Path.Combine(folder, OperatingSystem.IsWindows() ? program + ".exe" : program);

    /// <summary>Every usable folder of this machine, the preferred one first.</summary>
    /// <exception cref="PostgresNotFoundException">There is none.</exception>
    public static IReadOnlyList<PostgresBinaries> FindAll() => FindAll(
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries),
        InstallFolders());

    /// <summary>As above, over the folders given: those of PATH, then those where installers put Postgres.</summary>
    internal static IReadOnlyList<PostgresBinaries> FindAll(IEnumerable<string> path, IEnumerable<string> installed)
    {
        var found = path.SelectMany(Behind).Concat(installed)
            .Distinct(StringComparer.Ordinal)
            .Select(candidate => new PostgresBinaries(candidate))
            .Where(candidate => Needed.All(program => IsThere(candidate[program])))
            .ToList();
        return found.Count > 0 ? found : throw new PostgresNotFoundException();
    }

    /// <summary>The major version, for example 17.</summary>
    public async Task<int> MajorVersionAsync(PostgresAccount account, CancellationToken cancellationToken)
    {
        // "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)" or "postgres (PostgreSQL) 19beta1"
        var answer = await account.RunAsync(this["postgres"], ["--version"], Path.GetTempPath(), cancellationToken);
        var digits = answer[(answer.IndexOf(')', StringComparison.Ordinal) + 1)..].Trim().TakeWhile(char.IsAsciiDigit).ToArray();
        return int.Parse(digits, CultureInfo.InvariantCulture);
    }

    /// <summary>A folder of PATH, and the one its <c>initdb</c> is a link into: only the latter is sure to hold the other programs too.</summary>
    static IEnumerable<string> Behind(string folder)
    {
        var initdb = Path.Combine(folder, "initdb");
        if (!OperatingSystem.IsWindows() && File.Exists(initdb) && File.ResolveLinkTarget(initdb, returnFinalTarget: true) is { } target)
            yield return Path.GetDirectoryName(target.FullName)!;
        yield return folder;
    }

    /// <summary>A link that an uninstalled version left behind leads nowhere, but exists.</summary>
    static bool IsThere(string file) =>
        File.Exists(file) && (OperatingSystem.IsWindows() || File.ResolveLinkTarget(file, returnFinalTarget: true) is null or { Exists: true });

    static IEnumerable<string> InstallFolders()
    {
        if (OperatingSystem.IsWindows())
            return Versions(Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ProgramFiles), "PostgreSQL"), "*", "");
        return
        [
            .. Versions("/usr/lib/postgresql", "*", ""),
            .. Versions("/usr", "pgsql-*", "pgsql-"),
            .. Versions("/opt/homebrew/opt", "postgresql@*", "postgresql@"),
            .. Versions("/usr/local/opt", "postgresql@*", "postgresql@"),
            "/opt/homebrew/opt/postgresql/bin",
            "/usr/local/opt/postgresql/bin",
            .. Versions("/Applications/Postgres.app/Contents/Versions", "*", ""),
            "/usr/local/pgsql/bin",
        ];
    }

    /// <summary>The <c>bin</c> folders below a parent that has a folder for each version; the highest version first.</summary>
    static IEnumerable<string> Versions(string parent, string pattern, string prefix) => !Directory.Exists(parent)
        ? []
        : Directory.GetDirectories(parent, pattern)
            .OrderByDescending(child => double.TryParse(Path.GetFileName(child)[prefix.Length..], CultureInfo.InvariantCulture, out var version) ? version : 0)
            .Select(child => Path.Combine(child, "bin"));
}
