using System.Data.Common;

namespace IdentityHost;

/// <summary>
/// Whether a failure means that the database cannot be reached now, so that the answer is 503 and a retry may help. Stands in the root
/// namespace: every feature's error answers ask it.
/// </summary>
internal static class DatabaseAway
{
    /// <summary>About how long a failover takes.</summary>
    public static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    /// <summary>
    /// EF wraps what the driver throws. SQLSTATE class 08 is a lost connection, 28 a login that is refused (its password is being changed),
    /// 3D000, 3F000 and 42P01 a database, schema or table that is not there (it is being restored), 53 too little of something, 57P a server going down; an exhausted pool and a
    /// command that timed out come as a timeout inside.
    /// </summary>
    public static bool Caused(Exception exception)
    {
        for (Exception? e = exception; e is not null; e = e.InnerException)
        {
            if (e is DbException { IsTransient: true } or DbException { InnerException: TimeoutException })
                return true;
            if (e is DbException { SqlState: { } state }
                && (state is "3D000" or "3F000" or "42P01" || state.StartsWith("08", StringComparison.Ordinal) || state.StartsWith("28", StringComparison.Ordinal)
                    || state.StartsWith("53", StringComparison.Ordinal) || state.StartsWith("57P", StringComparison.Ordinal)))
                return true;
        }
        return false;
    }
}
