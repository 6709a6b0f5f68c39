using System.Collections.Frozen;
using IdentityHost.Data.Entities;
using IdentityHost.Revocation;
using Npgsql;

namespace IdentityHost.Protocol.Clients;

/// <summary>
/// The origins whose scripts may call: those of every enabled application together, since a browser asks before it says for which. It costs
/// nobody anything, as no cookie is ever read for them. Kept in memory while the revocation feed is fresh; otherwise read each time.
/// </summary>
internal sealed class AllowedOrigins(NpgsqlDataSource database, RevocationCopy revocations) : IRevocationListener, IDisposable
{
    /// <summary>Strangers' registrations must not fill the memory: the operator's own come first, the rest of more than these is left out.</summary>
    const int Most = 10_000;

    static readonly string ReadSql =
        $"""
        SELECT origin FROM (SELECT unnest(allowed_origins) AS origin, declared FROM applications WHERE enabled AND allowed_origins <> '{"{}"}') o
        GROUP BY origin ORDER BY bool_or(declared) DESC, origin LIMIT {Most}
        """;

    readonly SemaphoreSlim _reading = new(1);
    volatile Snapshot? _kept;
    long _changes;

    /// <summary>Whether scripts of this origin may call. Compared as browsers send it.</summary>
    public async ValueTask<bool> IncludesAsync(string origin, CancellationToken cancellationToken) =>
        (Current() ?? await ReadAsync(cancellationToken)).Origins.Contains(origin);

    public ValueTask AppliedAsync(RevocationKind kind, string key, CancellationToken cancellationToken)
    {
        if (kind is RevocationKind.Application or RevocationKind.All)
            Interlocked.Increment(ref _changes);
        return ValueTask.CompletedTask;
    }

    public void Dispose() => _reading.Dispose();

    Snapshot? Current() => revocations.IsFresh && _kept is { } kept && kept.Changes == Interlocked.Read(ref _changes) ? kept : null;

    async Task<Snapshot> ReadAsync(CancellationToken cancellationToken)
    {
        // One of those who come at the same time reads for all.
        await _reading.WaitAsync(cancellationToken);
        try
        {
            if (Current() is { } kept)
                return kept;
            var changes = Interlocked.Read(ref _changes);
            List<string> origins = [];
            await using var command = database.CreateCommand(ReadSql);
            await using var row = await command.ExecuteReaderAsync(cancellationToken);
            while (await row.ReadAsync(cancellationToken))
                origins.Add(row.GetString(0));
            return _kept = new Snapshot(origins.ToFrozenSet(StringComparer.Ordinal), changes);
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <param name="Origins">As the rows said.</param>
    /// <param name="Changes">How many changes had been told when they were read.</param>
    sealed record Snapshot(FrozenSet<string> Origins, long Changes);
}
