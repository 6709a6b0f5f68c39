using Npgsql;

namespace IdentityHost.Data;

/// <summary>
/// Repeats a transaction that the database gave up for another's sake (deadlock, serialization failure). Safe only for what is one transaction
/// as a whole: nothing of a failed try stands.
/// </summary>
internal static class Conflicts
{
    const int Tries = 4;

    public static async Task<T> RetryAsync<T>(Func<Task<T>> transaction)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await transaction();
            }
            catch (Exception e) when (attempt < Tries && IsConflict(e))
            {
                // The other one has committed or will soon; the wait for the lock is pause enough.
            }
        }
    }

    static bool IsConflict(Exception exception) =>
        exception is PostgresException { SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure }
        || exception.InnerException is { } inner && IsConflict(inner);
}
