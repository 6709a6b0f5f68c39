using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace IdentityHost.Data.Postgres;

/// <summary>The layout of a cluster's folder, and the way to connect to what runs in it.</summary>
internal sealed class ClusterFolder
{
    /// <summary>The cluster's superuser, the only role.</summary>
    public const string Role = "identityhost";

    /// <summary>A socket's path may take 107 bytes on Linux and 103 on macOS, terminator not counted; Postgres adds ".s.PGSQL.5432.lock".</summary>
    const int LongestSocketFolder = 84;

    const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    public ClusterFolder(string path)
    {
        Root = Path.GetFullPath(path);
        var socket = Path.Combine(Root, "socket");
        Socket = Encoding.UTF8.GetByteCount(socket) <= LongestSocketFolder
            ? socket
            : Path.Combine("/tmp", "identityhost-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Root)))[..16]);
    }

    public string Root { get; }

    /// <summary>The folder of the unix socket. Outside <see cref="Root"/> only if that path is too long.</summary>
    public string Socket { get; }

    public string Data => Path.Combine(Root, "data");

    /// <summary>A cluster is created here and renamed when it is whole, so that a start that was killed leaves no half cluster.</summary>
    public string Unfinished => Path.Combine(Root, "data.unfinished");

    public string Log => Path.Combine(Root, "log");

    public string Password => Path.Combine(Root, "password");

    public string Lock => Path.Combine(Root, "lock");

    /// <summary>Creates the folder itself: it holds the lock, so it is there before anything is done under the lock.</summary>
    public void CreateRoot()
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(Root);
            return;
        }
        // Root's umask may close what the account has to pass through.
        if (PostgresAccount.IsRoot && Path.GetDirectoryName(Root) is { } parent && !Directory.Exists(parent))
        {
            Directory.CreateDirectory(parent);
            File.SetUnixFileMode(parent, OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        }
        Directory.CreateDirectory(Root, OwnerOnly);
    }

    /// <summary>Creates the folders in it, and sees to it that they are the account's and closed to everybody else.</summary>
    /// <exception cref="InvalidOperationException">The account cannot work in the folder, or others could.</exception>
    public async Task PrepareAsync(PostgresAccount account, CancellationToken cancellationToken)
    {
        foreach (var folder in (string[])[Root, Log, Socket])
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(folder);
                continue;
            }
            Directory.CreateDirectory(folder, OwnerOnly);
            // In a folder that others may write to, they could answer in the server's place.
            if ((File.GetUnixFileMode(folder) & ~OwnerOnly) != UnixFileMode.None)
                throw new InvalidOperationException($"{folder} is open to other users: `chmod 700 {folder}`, or name another folder.");
            await account.OwnAsync(folder, cancellationToken);
        }
        if (account.User is not null && !await account.CanWorkInAsync(Root, cancellationToken))
            throw new InvalidOperationException($"Postgres runs as {account.User}, not as root, and {account.User} cannot reach {Root}: name a folder outside of root's home.");
    }

    /// <summary>How to connect. Neither TLS nor GSS: nothing leaves the machine.</summary>
    public string ConnectionString(string database) => new NpgsqlConnectionStringBuilder
    {
        Host = OperatingSystem.IsWindows() ? "127.0.0.1" : Socket,
        Port = Pid.Read(Data)?.Port ?? PostgresSettings.SocketPort,
        Username = Role,
        Password = File.ReadAllText(Password),
        Database = database,
        SslMode = SslMode.Disable,
        GssEncryptionMode = GssEncryptionMode.Disable,
    }.ConnectionString;
}
