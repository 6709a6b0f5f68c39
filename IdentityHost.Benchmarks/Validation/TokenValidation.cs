using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using IdentityHost.Benchmarks.Measuring;
using IdentityHost.ResourceServer;
using IdentityHost.ResourceServer.Revocations;

namespace IdentityHost.Benchmarks.Validation;

/// <summary>
/// Validating an access token beside the bare verification of its signature: form, header, claims, times, and a look at a hundred thousand revocations in
/// memory. Once as the library's own code, and once through the authentication scheme, with all that ASP.NET Core does for one request.
/// </summary>
static class TokenValidation
{
    /// <summary>The promise of the resource server library.</summary>
    const double Promised = 1.3;

    const int Revocations = 100_000;

    public static IEnumerable<PairedResult> Run(PairedPlan plan)
    {
        using var issuer = new TokenIssuer();
        var copy = new RevokedTokens();
        for (var i = 0; i < Revocations; i++)
        {
            copy.Apply((RevokedKind)(i % 7), $"somebody-else-{i}", new RevokedEntry(i, DateTimeOffset.MaxValue, 0));
        }
        using var api = new BearerRequests(issuer.Keys, copy);
        var verifier = new AccessTokenVerifier(issuer.Keys, TokenIssuer.Rules, TimeProvider.System);
        // A round is far shorter than the time for which a copy may be relied on.
        var run = new PairedRun(plan, () => copy.Complete(Instant.Now, globalEpoch: 0));

        foreach (var (algorithm, token, bare) in new[] { ("ES256", issuer.Es256(), (Func<byte[], byte[], bool>)issuer.VerifyEs256), ("RS256", issuer.Rs256(), issuer.VerifyRs256) })
        {
            var (signed, signature) = (Encoding.ASCII.GetBytes(token[..token.LastIndexOf('.')]), Base64Url.DecodeFromChars(token.AsSpan(token.LastIndexOf('.') + 1)));
            yield return run.Measure($"{algorithm}: validation", Promised, () => bare(signed, signature), () => verifier.Verify(token).Token is { } read && copy.Judge(read) == false);
            yield return run.Measure($"{algorithm}: AuthenticateAsync", double.PositiveInfinity, () => bare(signed, signature), () => api.IsAccepted(token));
        }
    }
}
