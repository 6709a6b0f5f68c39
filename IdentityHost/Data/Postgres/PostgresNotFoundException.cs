namespace IdentityHost.Data.Postgres;

/// <summary>No Postgres binaries on this machine. The message is for a person: three lines, one way out in each.</summary>
internal sealed class PostgresNotFoundException() : Exception(string.Join('\n',
    $"No Postgres was found on this machine. Install one ({InstallHint()}) and start again,",
    "or run `docker compose up`, which brings its own,",
    "or name a server that exists: ConnectionStrings__Postgres='Host=…;Database=…;Username=…;Password=…'."))
{
    static string InstallHint() =>
        OperatingSystem.IsWindows() ? "winget install PostgreSQL.PostgreSQL.17"
        : OperatingSystem.IsMacOS() ? "brew install postgresql@17"
        : "apt-get install postgresql, dnf install postgresql-server or apk add postgresql";
}
