using System.Text.Json;
using IdentityHost.Data;
using IdentityHost.Protocol;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Grants;
using IdentityHost.Protocol.Tokens;
using IdentityHost.Users;
using IdentityHost.Users.Api;
using IdentityHost.Users.Endpoints;
using Npgsql;

namespace IdentityHost.SignIn.Endpoints;

/// <summary>
/// <c>GET /users/current</c> with a handoff: in the query, the browser that signed in sees who it is; as a bearer token, once and by whoever holds
/// it, it is exchanged for real tokens of the built-in public client.
/// </summary>
internal sealed class HandoffEndpoint(
    Handoffs handoffs, UserReads users, Applications applications, GrantRows grants, RefreshTokens refreshTokens, TokenIssuer issuer, ScopeCatalog catalog,
    NpgsqlDataSource database)
    : IHandoffAtCurrent
{
    const string Bearer = "Bearer ";

    // Grants of one person are counted one transaction at a time (GrantRows).
    const string LockStateSql = "SELECT 1 FROM sign_in_states WHERE user_id = $1 FOR UPDATE";

    public async Task<IResult?> AnswerAsync(HttpContext context)
    {
        if (BearerOf(context.Request) is { } bearer && Handoffs.Looks(bearer))
            return await ExchangeAsync(context, bearer);
        // A request with credentials of its own is judged by them alone.
        if (context.Request.Headers.Authorization.Count > 0 || context.Request.Query["token"] is not [{ } query] || !Handoffs.Looks(query))
            return null;
        return await handoffs.PeekAsync(context, query) is { } subject && await users.FindAsync(subject.Id, context.RequestAborted) is { } user
            ? ApiResult.Success("user_found", UserBody.Of(user, context), UserJson.Default.UserBody)
            : null;
    }

    async Task<IResult?> ExchangeAsync(HttpContext context, string token)
    {
        if (await handoffs.FindAsync(token, context.RequestAborted) is not { } subject)
            return null;
        if (await applications.FindAsync(DeclaredApplications.BuiltIn, context.RequestAborted) is not { Enabled: true } application)
            return ApiResult.Error(ApiErrors.Forbidden with { Message = "login_closed" });

        var client = application.Client;
        var scopes = RequestedScopes.Narrow(client.Scopes, subject.Role);
        var batch = new WriteBatch();
        Handoffs.AddUse(batch, token, subject);
        batch.AddRead(LockStateSql, static _ => { }, Sql.Value(subject.Id));
        var (grantId, salt) = grants.Add(batch, client, subject, scopes);
        try
        {
            await batch.ExecuteAsync(database, context.RequestAborted);
        }
        catch (PostgresException e) when (GrantRows.LostToARace(e))
        {
            return null;
        }
        var access = await issuer.IssueAsync(new AccessTokenContent(client, scopes, subject, grantId, catalog.AudiencesOf(scopes)), context.RequestAborted);
        if (await users.FindAsync(subject.Id, context.RequestAborted) is not { } user)
            return null;
        var answer = new TokenAnswer(access, refreshTokens.Derive(grantId, generation: 0, salt), scopes, subject);
        var body = UserBody.Of(user, context);
        return ApiResult.Success(
            "user_found", writer => WriteData(writer, answer, body), more: writer => writer.WriteString("token", access.Token));
    }

    /// <summary>The user, as in every answer of this path, with the tokens beside the members of the user.</summary>
    static void WriteData(Utf8JsonWriter writer, TokenAnswer answer, UserBody user)
    {
        writer.WriteStartObject();
        foreach (var member in JsonSerializer.SerializeToElement(user, UserJson.Default.UserBody).EnumerateObject())
            member.WriteTo(writer);
        writer.WriteString("access_token", answer.AccessToken.Token);
        writer.WriteString("refresh_token", answer.RefreshToken);
        writer.WriteString("token_type", "Bearer");
        writer.WriteNumber("expires_in", (long)answer.AccessToken.ExpiresIn.TotalSeconds);
        writer.WriteString("scope", string.Join(' ', answer.Scopes));
        writer.WriteEndObject();
    }

    /// <summary>One header; the word may be missing, as for every token here (seed 004).</summary>
    static string? BearerOf(HttpRequest request) => request.Headers.Authorization is not [{ } header] ? null
        : header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? header[Bearer.Length..].Trim(' ')
        : header;
}
