using IdentityHost.Data.Entities;

namespace IdentityHost.Revocation;

/// <summary>Keeps something in memory that a row of the feed may change, e.g. applications or signing keys.</summary>
internal interface IRevocationListener
{
    /// <summary>
    /// Called for each new row, before the copy that contains it counts as fresh and before the request that wrote it is answered.
    /// <see cref="RevocationKind.All"/> also stands for "rows may have been missed": whatever is kept must be read again.
    /// An exception makes the read be repeated.
    /// </summary>
    ValueTask AppliedAsync(RevocationKind kind, string key, CancellationToken cancellationToken);
}
