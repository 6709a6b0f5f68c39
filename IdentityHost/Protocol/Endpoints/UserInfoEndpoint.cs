using System.Globalization;
using System.Text;
using System.Text.Json;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Keys;
using IdentityHost.Protocol.Tokens;
using IdentityHost.ResourceServer;

namespace IdentityHost.Protocol.Endpoints;

/// <summary>
/// <c>GET</c> and <c>POST /connect/userinfo</c> (OpenID Connect Core §5.3): what an application may know about the person whose token it has, by
/// the scopes of the token and the claims it asked for by name. Two statements: the grant's request, and the person as they are now.
/// </summary>
internal sealed class UserInfoEndpoint(
    IssuedTokens tokens, Applications applications, ISubjectClaims subjects, ClaimRequests requests, SubjectIdentifiers identifiers, JwtSigner signer, Issuer issuer)
{
    static readonly ProtocolError InsufficientScope = new(
        "insufficient_scope", "The token must be a person's, with the scope openid.", StatusCodes.Status403Forbidden);

    public async Task HandleAsync(HttpContext context)
    {
        var stop = context.RequestAborted;
        if ((await BearerRequest.ReadAsync(context.Request, formToo: true, stop)).Failed(out var error, out var credentials))
        {
            await BearerRequest.RefuseAsync(context, issuer, error);
            return;
        }
        if (credentials.Token is null)
        {
            BearerRequest.RefuseWithoutToken(context, issuer);
            return;
        }
        if (await VerifyAsync(context, credentials) is not { } token || await FindClientAsync(token, stop) is not { } client)
        {
            await BearerRequest.RefuseAsync(context, issuer, BearerRequest.InvalidToken);
            return;
        }
        // An application's own token speaks of nobody: its sub is its name, which is never all digits.
        if (!token.Scopes.Contains(ScopeCatalog.OpenId) || !long.TryParse(token.Subject, NumberStyles.None, CultureInfo.InvariantCulture, out var userId))
        {
            await BearerRequest.RefuseAsync(context, issuer, InsufficientScope, ScopeCatalog.OpenId);
            return;
        }
        var requested = Guid.TryParseExact(token.GrantId, "N", out var grant) ? await requests.OfGrantAsync(grant, client, stop) : RequestedClaims.None;
        if (await subjects.FindAsync(userId, stop) is not { } person)
        {
            await BearerRequest.RefuseAsync(context, issuer, BearerRequest.InvalidToken);
            return;
        }
        await AnswerAsync(context, client, new Content(identifiers.For(client, userId), person, Wanted));

        bool Wanted(string claim, string scope) => token.Scopes.Contains(scope) || requested.Includes(claim, scope);
    }

    /// <summary>The token, if it is good now and for this server. One in the header has been checked by the bearer scheme already.</summary>
    async Task<AccessToken?> VerifyAsync(HttpContext context, BearerCredentials credentials)
    {
        if (credentials.InHeader && context.Features.Get<IAccessTokenFeature>() is { } verified)
            return verified.Token;
        return tokens.ReadAccessToken(credentials.Token!) is { } token
            && token.Audiences.Contains(issuer.Value)
            && !await tokens.IsRevokedAsync(token, context.RequestAborted)
                ? token
                : null;
    }

    async Task<Client?> FindClientAsync(AccessToken token, CancellationToken cancellationToken) =>
        await applications.FindAsync(token.ClientId, cancellationToken) is { Enabled: true } application ? application.Client : null;

    async Task AnswerAsync(HttpContext context, Client client, Content content)
    {
        if (client.UserinfoAlgorithm is not { } algorithm)
        {
            await JsonAnswer.WriteAsync(context.Response, content.Write);
            return;
        }
        // §5.3.2: signed for those who registered so; iss and aud keep it from being used elsewhere.
        var jwt = await signer.SignAsync(
            [algorithm],
            JwtType.Plain,
            (Issuer: issuer.Value, Audience: client.ClientId, Content: content),
            static (json, state, _) =>
            {
                json.WriteString("iss"u8, state.Issuer);
                json.WriteString("aud"u8, state.Audience);
                state.Content.Write(json);
            },
            context.RequestAborted);
        var response = context.Response;
        response.ContentType = "application/jwt";
        response.ContentLength = jwt.Length;
        response.Headers.CacheControl = "no-store";
        await response.Body.WriteAsync(Encoding.ASCII.GetBytes(jwt), context.RequestAborted);
    }

    sealed record Content(string Subject, SubjectClaims Person, Func<string, string, bool> Wanted)
    {
        public void Write(Utf8JsonWriter json)
        {
            json.WriteString("sub"u8, Subject);
            StandardClaims.Write(json, Person, Wanted);
        }
    }
}
