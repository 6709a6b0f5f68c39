using IdentityHost.ResourceServer;
using IdentityHost.ResourceServer.Revocations;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace IdentityHost.Benchmarks.Validation;

/// <summary>An API's requests, without the network: a scope of services, a context, and the scheme that authenticates it and builds the principal.</summary>
sealed class BearerRequests : IDisposable
{
    readonly ServiceProvider _services;

    public BearerRequests(IAccessTokenKeys keys, RevokedTokens copy)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton(keys);
        services.AddSingleton<IAccessTokenRevocations>(new CopyOnly(copy));
        services.AddAuthentication().AddIdentityHostBearer(bearer => (bearer.Authority, bearer.Audience) = (TokenIssuer.Rules.Issuer, TokenIssuer.Rules.Audience));
        _services = services.BuildServiceProvider();
    }

    public bool IsAccepted(string token)
    {
        using var scope = _services.CreateScope();
        var http = new DefaultHttpContext { RequestServices = scope.ServiceProvider };
        http.Request.Headers.Authorization = "Bearer " + token;
        var answer = http.AuthenticateAsync(IdentityHostBearerDefaults.AuthenticationScheme);
        // It waits for nobody: no I/O.
        return answer.IsCompleted && answer.Result.Succeeded;
    }

    public void Dispose() => _services.Dispose();

    sealed class CopyOnly(RevokedTokens copy) : IAccessTokenRevocations
    {
        public ValueTask<bool> IsRevokedAsync(AccessToken token, CancellationToken cancellationToken) =>
            ValueTask.FromResult(copy.Judge(token) ?? throw new InvalidOperationException("The copy is too old."));
    }
}
