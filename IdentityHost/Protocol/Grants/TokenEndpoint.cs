using System.Collections.Frozen;
using IdentityHost.Data;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Endpoints;
using IdentityHost.Protocol.Tokens;
using Npgsql;

namespace IdentityHost.Protocol.Grants;

/// <summary>What a token request was answered with.</summary>
/// <param name="AccessToken">The token and its lifetime.</param>
/// <param name="RefreshToken">Where the application may refresh.</param>
/// <param name="Scopes">What was granted, which may be less than was asked for.</param>
/// <param name="Subject">The person, where there is one.</param>
/// <param name="IdToken">Where <c>openid</c> was granted.</param>
internal sealed record TokenAnswer(
    IssuedAccessToken AccessToken, string? RefreshToken, IReadOnlyList<string> Scopes, Subject? Subject, string? IdToken = null);

/// <summary><c>POST /connect/token</c> (RFC 6749 §3.2), for every grant.</summary>
internal sealed class TokenEndpoint(
    ClientAuthenticator clients,
    IEnumerable<IGrant> grants,
    GrantRows rows,
    RefreshTokens refreshTokens,
    TokenIssuer issuer,
    IdTokens idTokens,
    ScopeCatalog catalog,
    NpgsqlDataSource database)
{
    readonly FrozenDictionary<string, IGrant> _grants = grants.ToFrozenDictionary(g => g.GrantType, StringComparer.Ordinal);

    public async Task HandleAsync(HttpContext context)
    {
        var stop = context.RequestAborted;

        // 1. Parse, 2. authenticate the client.
        if ((await clients.ReadAsync(context.Request, stop)).Failed(out var error, out var request))
        {
            await ProtocolErrorWriter.WriteAsync(context, error);
            return;
        }
        // 3. Find the grant, 4. run it, 5. write what it owes and issue.
        var answered = await AnswerAsync(
            request.Client, request.Parameters, RequestOrigin.Address(context), RequestOrigin.UserAgent(context), stop);
        if (answered.Failed(out error, out var answer))
        {
            await ProtocolErrorWriter.WriteAsync(context, error);
            return;
        }
        // 6. Answer.
        await WriteAsync(context.Response, answer);
    }

    /// <summary>Steps 3 to 5, for a client that has proved itself; also behind <c>POST /users/login</c>.</summary>
    public async Task<Result<TokenAnswer>> AnswerAsync(
        Client client, FormParameters parameters, string address, string? userAgent, CancellationToken cancellationToken)
    {
        if (FindGrant(client, parameters["grant_type"]).Failed(out var error, out var grant))
            return error;

        // Before the grant is run: a code is not to be used up by a mistake.
        var resource = parameters["resource"];
        if (resource is not null && !catalog.IsAudience(resource))
            return ProtocolError.InvalidTarget;

        var batch = new WriteBatch();
        var request = new GrantRequest(client, parameters, batch, address, userAgent);
        Result<TokenAnswer> answer;
        try
        {
            answer = (await grant.RunAsync(request, cancellationToken)).Failed(out error, out var granted)
                ? error
                : await FinishAsync(client, Within(granted, resource), batch, cancellationToken);
        }
        catch
        {
            await batch.AbandonAsync(database, CancellationToken.None);
            throw;
        }
        if (answer.Error is not null)
            await batch.AbandonAsync(database, CancellationToken.None);
        return answer;
    }

    /// <summary>Writes what the decision owes, and issues.</summary>
    async Task<Result<TokenAnswer>> FinishAsync(Client client, Granted granted, WriteBatch batch, CancellationToken cancellationToken)
    {
        var (grantId, refreshToken) = (granted.GrantId, granted.RefreshToken);
        if (grantId is null && granted.Subject is { } subject)
        {
            (grantId, var salt) = rows.Add(batch, client, subject, granted.Scopes);
            try
            {
                await batch.ExecuteAsync(database, cancellationToken);
            }
            catch (PostgresException e) when (GrantRows.LostToARace(e))
            {
                return ProtocolError.InvalidGrant("The username or the password is wrong.", detail: "lost to a change of user or application");
            }
            if (client.MayRefresh)
                refreshToken = refreshTokens.Derive(grantId.Value, generation: 0, salt);
        }
        var scopes = catalog.WithinResources(granted.Scopes, granted.Resources);
        var audiences = granted.Resources.Count > 0 ? granted.Resources : catalog.AudiencesOf(scopes);
        var token = await issuer.IssueAsync(new AccessTokenContent(client, scopes, granted.Subject, grantId, audiences), cancellationToken);
        var idToken = granted.Subject is { } person && granted.Scopes.Contains(ScopeCatalog.OpenId)
            ? await idTokens.IssueAsync(new IdTokenContent(client, person, token.Token, granted.Nonce, granted.GrantedAt) { Claims = granted.Claims }, cancellationToken)
            : null;
        return new TokenAnswer(token, refreshToken, scopes, granted.Subject, idToken);
    }

    /// <summary>For the one resource server that the token request names (RFC 8707 §2.2). A grant that is for others has refused it.</summary>
    static Granted Within(Granted granted, string? resource) => resource is null ? granted : granted with { Resources = [resource] };

    Result<IGrant> FindGrant(Client client, string? grantType)
    {
        if (grantType is null)
            return ProtocolError.InvalidRequest("grant_type is missing.");
        if (!_grants.TryGetValue(grantType, out var grant))
            return ProtocolError.UnsupportedGrantType("This server does not know that grant_type.");
        return client.GrantTypes.Contains(grantType)
            ? Result.Of(grant)
            : ProtocolError.UnauthorizedClient("This client may not use that grant_type.");
    }

    /// <summary>RFC 6749 §5.1. The scope is always said: it may be narrower than what was asked for.</summary>
    static Task WriteAsync(HttpResponse response, TokenAnswer answer) => JsonAnswer.WriteAsync(response, json =>
    {
        json.WriteString("access_token"u8, answer.AccessToken.Token);
        json.WriteString("token_type"u8, "Bearer"u8);
        json.WriteNumber("expires_in"u8, (long)answer.AccessToken.ExpiresIn.TotalSeconds);
        if (answer.RefreshToken is not null)
            json.WriteString("refresh_token"u8, answer.RefreshToken);
        if (answer.IdToken is not null)
            json.WriteString("id_token"u8, answer.IdToken);
        json.WriteString("scope"u8, string.Join(' ', answer.Scopes));
    });
}
