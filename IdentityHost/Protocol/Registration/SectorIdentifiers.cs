using System.Text.Json;

namespace IdentityHost.Protocol.Registration;

/// <summary>
/// Reads the document of a <c>sector_identifier_uri</c> (OpenID Connect Core §8.1): a JSON array that must hold every redirect URI of the
/// application. Whoever can write there speaks for the sector, so nobody gets the pairwise subjects of another's.
/// </summary>
internal sealed partial class SectorIdentifiers(Egress egress, ILogger<SectorIdentifiers> logger)
{
    const int MaximumSize = 1024 * 1024;
    static readonly TimeSpan Within = TimeSpan.FromSeconds(5);

    /// <summary>Null where the document vouches for the application, or none was named.</summary>
    public async Task<ProtocolError?> CheckAsync(ClientMetadata metadata, CancellationToken cancellationToken)
    {
        if (metadata.SectorIdentifierUri is not { } address)
            return null;
        try
        {
            if (await egress.ReadAsync(address, "application/json", MaximumSize, Within, cancellationToken) is { } body
                && Lists(body, metadata.RedirectUris))
                return null;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException && !cancellationToken.IsCancellationRequested)
        {
            // What exactly went wrong would tell a stranger what there is inside.
            Unread(logger, e.Message);
        }
        return new ProtocolError("invalid_client_metadata", "sector_identifier_uri could not be read as a JSON array with every redirect URI.");
    }

    static bool Lists(byte[] body, string[] redirectUris)
    {
        try
        {
            using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 2 });
            if (document.RootElement.ValueKind != JsonValueKind.Array)
                return false;
            var listed = document.RootElement.EnumerateArray().Where(i => i.ValueKind == JsonValueKind.String).Select(i => i.GetString()!).ToHashSet(StringComparer.Ordinal);
            return listed.IsSupersetOf(redirectUris);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Not JSON, or with strings that are no text.
            return false;
        }
    }

    [LoggerMessage(2010, LogLevel.Information, "A sector_identifier_uri could not be read: {Reason}")]
    static partial void Unread(ILogger logger, string reason);
}
