using System.Security.Cryptography;
using System.Text.Json;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Endpoints;
using IdentityHost.Protocol.Tokens;
using Microsoft.AspNetCore.DataProtection;

namespace IdentityHost.Protocol.Logout;

/// <summary>A wish to sign out, after every check.</summary>
/// <param name="ClientName">What the application that asks is called; null where none is proved or named.</param>
/// <param name="ReturnTo">Where the browser goes afterwards: an address that this application registered, with its <c>state</c>. Null for our own page.</param>
/// <param name="SessionId">The session that a genuine hint names: it may end without a question. Null for none.</param>
internal sealed record LogoutRequest(string? ClientName, string? ReturnTo, Guid? SessionId)
{
    /// <summary>Somebody came by themselves, or with nothing that holds.</summary>
    public static LogoutRequest Bare { get; } = new(null, null, null);
}

/// <summary>
/// Judges what comes to the end session endpoint (OpenID Connect RP-Initiated Logout §2), and hands the verdict to the page by way of the browser:
/// sealed, so that it needs no row, and good for a few minutes.
/// </summary>
internal sealed partial class LogoutRequests(
    IdTokenHints hints, Applications applications, IDataProtectionProvider protection, TimeProvider clock, ILogger<LogoutRequests> logger)
{
    /// <summary>In characters; it comes back in an address.</summary>
    const int LongestState = 2000;

    static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    readonly IDataProtector _protector = protection.CreateProtector("IdentityHost.LogoutRequest.1");

    /// <summary>
    /// What of the request holds. A hint that is not genuine, or not the named application's, spoils the redirect, whatever else is right
    /// (§4); signing out remains possible, after a question.
    /// </summary>
    public async Task<Result<LogoutRequest>> CheckAsync(FormParameters parameters, CancellationToken cancellationToken)
    {
        if (parameters["state"] is { Length: > LongestState })
            return ProtocolError.InvalidRequest($"state is longer than {LongestState} characters.");
        IdTokenHint? hint = null;
        if (parameters["id_token_hint"] is { } token && (hint = await hints.VerifyAsync(token, parameters["client_id"], cancellationToken)) is null)
        {
            NotGenuine(logger);
            return LogoutRequest.Bare;
        }
        var client = hint?.Client ?? await NamedAsync(parameters["client_id"], cancellationToken);
        return new LogoutRequest(client?.DisplayName, ReturnTo(client, parameters), hint?.SessionId);
    }

    /// <summary>As it stands in the address of the page.</summary>
    public string Seal(LogoutRequest request) =>
        _protector.Protect(JsonSerializer.Serialize(new Sealed(request, (clock.GetUtcNow() + Lifetime).ToUnixTimeSeconds())));

    /// <summary>What <see cref="Seal"/> sealed; <see cref="LogoutRequest.Bare"/> for anything else, and for what is too old.</summary>
    public LogoutRequest Open(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return LogoutRequest.Bare;
        try
        {
            var opened = JsonSerializer.Deserialize<Sealed>(_protector.Unprotect(text));
            return opened is not null && DateTimeOffset.FromUnixTimeSeconds(opened.ExpiresAt) > clock.GetUtcNow() ? opened.Request : LogoutRequest.Bare;
        }
        catch (Exception e) when (e is CryptographicException or JsonException)
        {
            return LogoutRequest.Bare;
        }
    }

    async ValueTask<Client?> NamedAsync(string? clientId, CancellationToken cancellationToken) =>
        clientId is not null && await applications.FindAsync(clientId, cancellationToken) is { Enabled: true } application ? application.Client : null;

    /// <summary>The address that was asked for, if it is one that the application registered, character by character (§3).</summary>
    string? ReturnTo(Client? client, FormParameters parameters)
    {
        if (parameters["post_logout_redirect_uri"] is not { } uri)
            return null;
        if (client is null || !client.PostLogoutRedirectUris.Contains(uri, StringComparer.Ordinal))
        {
            NotRegistered(logger, client?.ClientId ?? "none");
            return null;
        }
        return parameters["state"] is { } state
            ? $"{uri}{(uri.Contains('?', StringComparison.Ordinal) ? '&' : '?')}state={Uri.EscapeDataString(state)}"
            : uri;
    }

    [LoggerMessage(3100, LogLevel.Information, "A logout request carries an id_token_hint that is not genuine, or not the named application's: no redirect")]
    static partial void NotGenuine(ILogger logger);

    [LoggerMessage(3101, LogLevel.Information, "A logout request names a post_logout_redirect_uri that is not registered (application: {ClientId}): no redirect")]
    static partial void NotRegistered(ILogger logger, string clientId);

    /// <param name="Request">The verdict.</param>
    /// <param name="ExpiresAt">Unix seconds.</param>
    sealed record Sealed(LogoutRequest Request, long ExpiresAt);
}
