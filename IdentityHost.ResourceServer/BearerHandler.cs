using System.Security.Claims;
using System.Text.Encodings.Web;
using IdentityHost.ResourceServer.Remote;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace IdentityHost.ResourceServer;

/// <summary>Reads the bearer token of a request (RFC 6750 §2.1; never from query or body), checks it, and asks whether it was revoked.</summary>
sealed class BearerHandler(
    IOptionsMonitor<IdentityHostBearerOptions> options,
    ILoggerFactory logger,
    UrlEncoder encoder,
    IAccessTokenKeys keys,
    IAccessTokenRevocations revocations,
    ResourceServerMetrics metrics,
    TimeProvider time) : AuthenticationHandler<IdentityHostBearerOptions>(options, logger, encoder)
{
    const string Word = "Bearer";

    BearerFailure _failure;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (!TryReadToken(out var text))
        {
            return _failure == BearerFailure.None ? AuthenticateResult.NoResult() : Refuse(_failure, "More than one Authorization header.");
        }
        var verification = Verify(text);
        if (verification.Failure == AccessTokenFailure.UnknownKey && keys is RemoteKeys remote)
        {
            if (await remote.FetchForUnknownAsync(Context.RequestAborted))
            {
                verification = Verify(text);
            }
            // Without any key nothing can be said of any token.
            if (!remote.HasAny)
            {
                return Refuse(BearerFailure.Unavailable, "The issuer's keys are not known yet.");
            }
        }
        if (!verification.Succeeded)
        {
            return Refuse(verification.Failure == AccessTokenFailure.Expired ? BearerFailure.Expired : BearerFailure.Invalid, verification.Failure.ToString());
        }
        var token = verification.Token;
        try
        {
            if (await IsRevokedAsync(token, text))
            {
                return Refuse(BearerFailure.Revoked, nameof(BearerFailure.Revoked));
            }
        }
        catch (IssuerException e)
        {
            return Refuse(BearerFailure.Unavailable, e.Message);
        }
        metrics.Judged("accepted");
        Context.Features.Set<IAccessTokenFeature>(new AccessTokenFeature(token));
        return AuthenticateResult.Success(new AuthenticationTicket(PrincipalOf(token), Scheme.Name));
    }

    ValueTask<bool> IsRevokedAsync(AccessToken token, ReadOnlyMemory<char> text) => revocations is RemoteRevocations remote
        ? remote.IsRevokedAsync(token, text, Context.RequestAborted)
        : revocations.IsRevokedAsync(token, Context.RequestAborted);

    AuthenticateResult Refuse(BearerFailure failure, string reason)
    {
        _failure = failure;
        metrics.Judged(failure switch
        {
            BearerFailure.Expired => "expired",
            BearerFailure.Revoked => "revoked",
            BearerFailure.Unavailable => "unavailable",
            _ => "invalid",
        });
        return AuthenticateResult.Fail(reason);
    }

    /// <summary>RFC 6750 §3: no <c>error</c> where no token was sent, so that a client learns only how to send one.</summary>
    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        // Whoever challenges may not have asked who the caller is: only that tells an absent token from a bad one.
        await HandleAuthenticateOnceSafeAsync();
        Response.Headers.CacheControl = "no-store";
        if (_failure == BearerFailure.Unavailable)
        {
            // Not 401: the client would throw a good token away, and ask a person to sign in again.
            Response.StatusCode = 503;
            Response.Headers.RetryAfter = "1";
            await Answer(Options.WriteChallenge, _failure, scope: null);
            return;
        }
        Response.StatusCode = 401;
        var realm = $"Bearer realm=\"{Options.Authority}\"";
        Response.Headers.WWWAuthenticate = _failure switch
        {
            BearerFailure.None => realm,
            BearerFailure.Expired => $"{realm}, error=\"invalid_token\", error_description=\"The token has expired\"",
            BearerFailure.Revoked => $"{realm}, error=\"invalid_token\", error_description=\"The token has been revoked\"",
            _ => $"{realm}, error=\"invalid_token\", error_description=\"The token is not valid here\"",
        };
        await Answer(Options.WriteChallenge, _failure, scope: null);
    }

    /// <summary>RFC 6750 §3.1: the scope that would have been enough is named.</summary>
    protected override Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        Response.StatusCode = 403;
        Response.Headers.CacheControl = "no-store";
        var scope = ScopeRequirement.Missing(Context);
        if (scope is null)
        {
            return Answer(Options.WriteForbidden, BearerFailure.Forbidden, scope: null);
        }
        Response.Headers.WWWAuthenticate = $"Bearer realm=\"{Options.Authority}\", error=\"insufficient_scope\", scope=\"{scope}\"";
        return Answer(Options.WriteForbidden, BearerFailure.InsufficientScope, scope);
    }

    Task Answer(Func<BearerChallenge, Task>? write, BearerFailure failure, string? scope) => write is null
        ? Task.CompletedTask
        : write(new BearerChallenge { HttpContext = Context, Failure = failure, RequiredScope = scope });

    // The options are made anew when they are reloaded, and the verifier with them. Two first requests may make two equal ones.
    AccessTokenVerification Verify(ReadOnlyMemory<char> text) => (Options.Verifier ??= new AccessTokenVerifier(keys, Options.Rules, time)).Verify(text.Span);

    /// <summary>One header with one token. Two headers are an attack on whoever reads only the first.</summary>
    bool TryReadToken(out ReadOnlyMemory<char> token)
    {
        token = default;
        var headers = Request.Headers.Authorization;
        if (headers.Count != 1)
        {
            _failure = headers.Count == 0 ? BearerFailure.None : BearerFailure.Invalid;
            return false;
        }
        var header = headers[0]!;
        // The bare word is a token that got lost on the way, not a request without one.
        if (header.StartsWith(Word, StringComparison.OrdinalIgnoreCase) && (header.Length == Word.Length || header[Word.Length] == ' '))
        {
            token = header.AsMemory(Word.Length).Trim(' ');
            return true;
        }
        // Anything with a space names another scheme; without one it is what old clients send.
        if (Options.AcceptBareToken && header.Length > 0 && !header.Contains(' ', StringComparison.Ordinal))
        {
            token = header.AsMemory();
            return true;
        }
        return false;
    }

    ClaimsPrincipal PrincipalOf(AccessToken token)
    {
        var identity = new ClaimsIdentity(Scheme.Name, "sub", "roles");
        identity.AddClaim(new Claim("sub", token.Subject));
        identity.AddClaim(new Claim("client_id", token.ClientId));
        identity.AddClaim(new Claim("jti", token.TokenId));
        foreach (var scope in token.Scopes.ToArray())
        {
            identity.AddClaim(new Claim("scope", scope));
        }
        foreach (var role in token.Roles)
        {
            identity.AddClaim(new Claim("roles", role));
        }
        if (token.SessionId is { } session)
        {
            identity.AddClaim(new Claim("sid", session));
        }
        if (token.GrantId is { } grant)
        {
            identity.AddClaim(new Claim("gid", grant));
        }
        return new ClaimsPrincipal(identity);
    }
}
