using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Tokens;
using Npgsql;

namespace IdentityHost.Protocol.Authorize;

/// <summary>An authorization request that waits for a person, and the application that made it.</summary>
internal sealed record StoredRequest(AuthorizationRequest Request, Client Client, VerifiedRedirect Redirect);

/// <summary>
/// Keeps authorization requests while people sign in and agree: each one row, written once, never changed. It opens only in the browser that
/// began it, by a cookie whose hash is in the row, so that a link to it is worth nothing to anybody else.
/// </summary>
internal sealed class AuthorizationRequests(NpgsqlDataSource database, Applications applications, TimeProvider clock, Issuer issuer)
{
    const string Cookie = "authorize";
    const int CookieBytes = 32;

    /// <summary>Enough to find a password, or to make an account and answer its mail.</summary>
    static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);
    static readonly TimeSpan CookieLifetime = TimeSpan.FromDays(1);

    // None for an application that is deleted at this moment: then the next step finds no request.
    const string InsertSql =
        """
        INSERT INTO authorization_requests (
            id, application_id, flow_key, redirect_uri, redirect_uri_sent, response_mode, scope, state, nonce, code_challenge, prompt, max_age,
            login_hint, ui_locales, acr_values, claims, resources, provider, hinted_user_id, created_at, expires_at)
        SELECT $1, id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, identity_now(), identity_now() + $20
        FROM applications WHERE id = $2 FOR KEY SHARE
        """;

    const string FindSql =
        """
        SELECT a.client_id, r.redirect_uri, r.redirect_uri_sent, r.response_mode, r.scope, r.state, r.nonce, r.code_challenge, r.prompt, r.max_age,
               r.login_hint, r.ui_locales, r.acr_values, r.claims, r.resources, r.provider, r.hinted_user_id, r.created_at
        FROM authorization_requests r JOIN applications a ON a.id = r.application_id
        WHERE r.id = $1 AND r.flow_key = $2 AND r.expires_at > identity_now()
        """;

    /// <summary>A request that is not kept (yet).</summary>
    public AuthorizationRequest New(Client client, VerifiedRedirect redirect)
    {
        var now = clock.GetUtcNow();
        return new AuthorizationRequest
        {
            Id = Identifiers.NewRowId(now),
            ApplicationId = client.ApplicationId,
            FlowKey = [],
            RedirectUri = redirect.Uri,
            RedirectUriSent = redirect.WasSent,
            ResponseMode = ResponseModes.Query,
            Scope = "",
            CreatedAt = now,
        };
    }

    /// <summary>Where the browser comes back to when a step is done.</summary>
    public static string PathOf(Guid id) => $"/connect/authorize/{Identifiers.Text(id)}";

    /// <summary>Keeps the request, and gives the browser the cookie that it opens with.</summary>
    public async Task KeepAsync(HttpContext context, AuthorizationRequest request)
    {
        var flow = FlowCookie.Get(context, issuer, Cookie);
        if (flow?.Length != Base64Url.GetEncodedLength(CookieBytes))
            flow = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(CookieBytes));
        FlowCookie.Set(context, issuer, Cookie, flow, CookieLifetime);

        await using var command = database.CreateCommand(InsertSql);
        var parameters = command.Parameters;
        parameters.Add(Sql.Value(request.Id));
        parameters.Add(Sql.Value(request.ApplicationId));
        parameters.Add(Sql.Value(FlowKey(flow)));
        parameters.Add(Sql.Value(request.RedirectUri));
        parameters.Add(Sql.Value(request.RedirectUriSent));
        parameters.Add(Sql.Value(request.ResponseMode));
        parameters.Add(Sql.Value(request.Scope));
        parameters.Add(Sql.Optional(request.State));
        parameters.Add(Sql.Optional(request.Nonce));
        parameters.Add(Sql.Optional(request.CodeChallenge));
        parameters.Add(Sql.Optional(request.Prompt));
        parameters.Add(Sql.Optional(request.MaxAge));
        parameters.Add(Sql.Optional(request.LoginHint));
        parameters.Add(Sql.Optional(request.UiLocales));
        parameters.Add(Sql.Optional(request.AcrValues));
        parameters.Add(Sql.Optional(request.Claims));
        parameters.Add(Sql.Value(request.Resources));
        parameters.Add(Sql.Optional(request.Provider));
        parameters.Add(Sql.Optional(request.HintedUserId));
        parameters.Add(Sql.Value(Lifetime));
        await command.ExecuteNonQueryAsync(context.RequestAborted);
    }

    /// <summary>
    /// The request, if it was made in this browser, has not run out, and its application may still have answers at that address. Reading it buys
    /// nothing.
    /// </summary>
    public async Task<StoredRequest?> FindAsync(HttpContext context, Guid id)
    {
        if (FlowCookie.Get(context, issuer, Cookie) is not { Length: > 0 } flow)
            return null;
        await using var command = database.CreateCommand(FindSql);
        command.Parameters.Add(Sql.Value(id));
        command.Parameters.Add(Sql.Value(FlowKey(flow)));
        string clientId;
        AuthorizationRequest request;
        await using (var row = await command.ExecuteReaderAsync(context.RequestAborted))
        {
            if (!await row.ReadAsync(context.RequestAborted))
                return null;
            (clientId, request) = (row.GetString(0), Read(row, id));
        }
        if (await applications.FindAsync(clientId, context.RequestAborted) is not { Enabled: true, Client: { } client })
            return null;
        request.ApplicationId = client.ApplicationId;
        var requested = request.RedirectUriSent ? request.RedirectUri : null;
        return VerifiedRedirect.Match(client, requested, mustBeSent: false) is { } redirect && redirect.Uri == request.RedirectUri
            ? new StoredRequest(request, client, redirect)
            : null;
    }

    static AuthorizationRequest Read(NpgsqlDataReader row, Guid id) => new()
    {
        Id = id,
        FlowKey = [],
        RedirectUri = row.GetString(1),
        RedirectUriSent = row.GetBoolean(2),
        ResponseMode = row.GetString(3),
        Scope = row.GetString(4),
        State = Text(row, 5),
        Nonce = Text(row, 6),
        CodeChallenge = Text(row, 7),
        Prompt = Text(row, 8),
        MaxAge = row.IsDBNull(9) ? null : row.GetInt32(9),
        LoginHint = Text(row, 10),
        UiLocales = Text(row, 11),
        AcrValues = Text(row, 12),
        Claims = Text(row, 13),
        Resources = row.GetFieldValue<string[]>(14),
        Provider = Text(row, 15),
        HintedUserId = row.IsDBNull(16) ? null : row.GetInt64(16),
        CreatedAt = new DateTimeOffset(row.GetDateTime(17)),
    };

    static string? Text(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    static byte[] FlowKey(string flow) => SHA256.HashData(Encoding.UTF8.GetBytes($"authorize flow\n{flow}"));
}
