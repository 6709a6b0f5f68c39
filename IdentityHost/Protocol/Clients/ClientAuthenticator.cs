using System.Buffers.Text;
using IdentityHost.Limits;
using IdentityHost.Protocol.Endpoints;

namespace IdentityHost.Protocol.Clients;

/// <summary>A protocol request whose form was read and whose client has proved who it is.</summary>
internal sealed record ClientRequest(Client Client, FormParameters Parameters);

/// <summary>
/// Who is asking (RFC 6749 §2.3): <c>client_secret_basic</c>, <c>client_secret_post</c>, <c>private_key_jwt</c> or, for public applications, <c>none</c>.
/// An unknown client, a wrong secret, a disabled application: one answer, and where a secret is sent the same work, so that none can be told from another.
/// </summary>
internal sealed class ClientAuthenticator(Applications applications, ClientAssertions assertions, Blocks blocks, FailureCounters failures)
{
    const int MaximumCredentialLength = ApplicationOptions.MaximumSecretLength;

    /// <summary>The two steps that every endpoint for clients begins with, in their order: parse the form, then authenticate.</summary>
    public async Task<Result<ClientRequest>> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if ((await FormParameters.ReadAsync(request, cancellationToken)).Failed(out var error, out var parameters))
            return error;
        if ((await AuthenticateAsync(request, parameters, cancellationToken)).Failed(out error, out var client))
            return error;
        return new ClientRequest(client, parameters);
    }

    public async Task<Result<Client>> AuthenticateAsync(HttpRequest request, FormParameters form, CancellationToken cancellationToken)
    {
        var header = request.Headers.Authorization;
        if (header.Count > 1)
            return ProtocolError.InvalidRequest("Send one Authorization header.");

        if (form.Contains("client_assertion") || form.Contains("client_assertion_type"))
        {
            return header.Count > 0 || form.Contains("client_secret")
                ? ProtocolError.InvalidRequest("Authenticate once: either by client_assertion or by a secret.")
                : await assertions.AuthenticateAsync(form, cancellationToken);
        }
        var id = form["client_id"];
        var secret = form["client_secret"];
        var method = secret is null ? ClientAuthenticationMethods.None : ClientAuthenticationMethods.Post;
        if (header.Count == 1)
        {
            if (form.Contains("client_secret"))
                return ProtocolError.InvalidRequest("Authenticate once: either by the Authorization header or by client_secret in the body.");
            if (!TryReadBasic(header[0]!, out var basicId, out secret))
                return ProtocolError.InvalidClient("unreadable Authorization header");
            if (id is not null && id != basicId)
                return ProtocolError.InvalidRequest("client_id in the body differs from the one in the Authorization header.");
            (id, method) = (basicId, ClientAuthenticationMethods.Basic);
        }
        if (id is null)
            return ProtocolError.InvalidClient("no client_id");
        if (id.Length > MaximumCredentialLength || secret?.Length > MaximumCredentialLength)
            return ProtocolError.InvalidClient("over-long credentials");

        // Without a secret there is nothing to guess: public clients go on from an address that is blocked.
        var address = secret is null ? null : RequestOrigin.Address(request.HttpContext);
        if (address is not null
            && await blocks.BlockedForAsync(cancellationToken, FailureSource.OfClient(id, address), FailureSource.OfSecrets(address)) is { } wait)
            return ProtocolError.TooManyClientFailures(wait);
        // A refusal is judged by the row, never by the copy in memory: the copy may be a moment old, and a client that is kept there would be
        // told from one that does not exist by how quickly it is refused.
        if (applications.FindKept(id) is { } kept && Refusal(kept, secret, method) is null)
            return kept.Client;
        var application = await applications.ReadAsync(id, cancellationToken);
        if (Refusal(application, secret, method) is not { } reason)
            return application!.Client;
        // Whatever it failed by, even with the right secret of a disabled client: what is counted must not tell more than what is answered.
        return address is not null && await failures.CountWrongSecretAsync(id, address, application?.Client.ClientId) is { BlockedFor: { } late }
            ? ProtocolError.TooManyClientFailures(late)
            : ProtocolError.InvalidClient(reason);
    }

    /// <summary>Why not, for the log; null where it may go on.</summary>
    string? Refusal(StoredApplication? application, string? secret, string method)
    {
        // Hashed and compared for unknown clients too.
        var proved = secret is null || ClientSecrets.Verify(secret, application?.SecretHash, application?.SecretSalt);
        if (application is null)
            return "unknown client";
        var clientId = application.Client.ClientId;
        if (!proved)
            return $"wrong secret for {clientId}";
        if (!applications.MayAct(application))
            return $"{clientId} is disabled or its secret has expired";
        return method == application.AuthenticationMethod ? null : $"{clientId} must use {application.AuthenticationMethod}, used {method}";
    }

    /// <summary>RFC 6749 §2.3.1 and appendix B: both parts are form-encoded before they are joined and put into base64.</summary>
    static bool TryReadBasic(string header, out string? id, out string? secret)
    {
        (id, secret) = (null, null);
        const string scheme = "Basic ";
        if (!header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) || header.Length > 4 * MaximumCredentialLength)
            return false;
        var encoded = header.AsSpan(scheme.Length).Trim();
        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(encoded.Length)];
        if (!Convert.TryFromBase64Chars(encoded, bytes, out var written))
            return false;
        var pair = bytes.AsSpan(0, written);
        var colon = pair.IndexOf((byte)':');
        if (colon <= 0)
            return false;
        try
        {
            id = FormFields.Decode(pair[..colon]);
            secret = FormFields.Decode(pair[(colon + 1)..]);
        }
        catch (FormatException)
        {
            return false;
        }
        return !id.Contains('\0', StringComparison.Ordinal) && secret.Length > 0;
    }
}
