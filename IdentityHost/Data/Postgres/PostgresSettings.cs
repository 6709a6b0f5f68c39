using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace IdentityHost.Data.Postgres;

/// <summary>
/// The cluster's <c>postgresql.conf</c>. Written anew at each start, so that it is always the one of this version of the host; what an operator
/// wants otherwise is kept by <c>ALTER SYSTEM</c>, which has its own file and wins.
/// </summary>
internal static class PostgresSettings
{
    /// <summary>On a socket this is only a part of its name: no two clusters share a folder, so no two collide.</summary>
    public const int SocketPort = 5432;

    public static string Text(ClusterFolder folder, bool durable)
    {
        List<string> lines =
        [
            .. OperatingSystem.IsWindows()
                ? new[] { "listen_addresses = '127.0.0.1'", $"port = {FreePort().ToString(CultureInfo.InvariantCulture)}" }
                :
                [
                    "listen_addresses = ''",
                    $"port = {SocketPort.ToString(CultureInfo.InvariantCulture)}",
                    // A list: the inner quotes keep a comma in the path from splitting it.
                    $"unix_socket_directories = {Quote($"\"{folder.Socket}\"")}",
                    "unix_socket_permissions = 0700",
                ],
            // Tests run many hosts on one cluster, each with a pool of its own.
            $"max_connections = {(durable ? 200 : 600).ToString(CultureInfo.InvariantCulture)}",
            "shared_buffers = 128MB",
            "password_encryption = 'scram-sha-256'",
            "timezone = 'UTC'",
            "log_timezone = 'UTC'",
            "logging_collector = on",
            $"log_directory = {Quote(folder.Log)}",
            // A file for each weekday, begun anew a week later: never more than seven.
            "log_filename = 'postgres-%a.log'",
            "log_rotation_age = 1d",
            "log_rotation_size = 0",
            "log_truncate_on_rotation = on",
        ];
        if (!durable)
            lines.AddRange(["fsync = off", "synchronous_commit = off", "full_page_writes = off"]);
        return string.Join('\n', lines) + "\n";
    }

    static string Quote(string text) => "'" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal) + "'";

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
