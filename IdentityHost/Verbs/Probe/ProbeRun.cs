using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Protocol.Keys;
using IdentityHost.Revocation;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace IdentityHost.Verbs.Probe;

/// <summary>What one case showed.</summary>
/// <param name="Name">What was sent.</param>
/// <param name="Rule">Where it is written that it must be refused.</param>
/// <param name="Answer">What came back.</param>
/// <param name="Fault">Whether the API must be mended.</param>
internal sealed record ProbeFinding(string Name, string Rule, ProbeAnswer Answer, bool Fault);

/// <summary>Fires everything at one API, in an order in which each case stands by itself.</summary>
internal sealed class ProbeRun(IServiceProvider services, ProbeTarget target, string audience, string scope)
{
    /// <summary>The promise: a revocation is obeyed everywhere within this time (docs/resource-servers.md).</summary>
    static readonly TimeSpan Promise = TimeSpan.FromSeconds(2);

    /// <summary>How long a new key may take to be known. APIs that do not follow the feed need longer, and are not blamed.</summary>
    static readonly TimeSpan KeyPatience = TimeSpan.FromSeconds(10);

    readonly Revocations _revocations = services.GetRequiredService<Revocations>();
    readonly NpgsqlDataSource _database = services.GetRequiredService<NpgsqlDataSource>();

    /// <summary>The findings as they come. If the first, a good token, is refused, nothing else would prove anything, and it is the only one.</summary>
    public async IAsyncEnumerable<ProbeFinding> RunAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        var issuer = services.GetRequiredService<Issuer>().Value;
        var store = services.GetRequiredService<SigningKeyStore>();
        await store.ReadAsync(stop);
        var key = await store.ForSigningAsync(services.GetRequiredService<AlgorithmsInUse>().AccessTokens, stop);
        var tokens = new ProbeTokens(issuer, audience, scope, await EpochAsync(stop), key, services.GetRequiredService<TimeProvider>());
        await TellAsync(stop);

        var good = await target.SendAsync(Good(tokens), inQuery: false, stop);
        yield return new ProbeFinding("a good token", "must be accepted", good, !good.Accepted);
        if (!good.Accepted)
            yield break;
        yield return Judge(new ProbeCase("no token", "RFC 6750 3", ""), await target.SendAsync(null, inQuery: false, stop));
        foreach (var one in ProbeCases.Of(tokens, issuer, audience))
            yield return Judge(one, await target.SendAsync(one.Token, one.InQuery, stop));

        yield return await RevokedAsync(tokens, "one token revoked", RevocationKind.Token, "jti", null, stop);
        yield return await RevokedAsync(tokens, "its grant revoked", RevocationKind.Grant, "gid", null, stop);
        yield return await RevokedAsync(tokens, "its session logged out", RevocationKind.Session, "sid", null, stop);
        // Last: nothing of this person is good after it.
        yield return await RevokedAsync(tokens, "logged out everywhere", RevocationKind.User, "sub", ProbeTokens.UserEpoch + 1, stop);
        if (await RevokedKeyAsync(tokens, stop) is { } finding)
            yield return finding;
    }

    static ProbeFinding Judge(ProbeCase one, ProbeAnswer answer) => new(one.Name, one.Rule, answer, !answer.Refused);

    static string Good(ProbeTokens tokens) => tokens.Sign(tokens.Header(), tokens.Claims());

    /// <summary>A good token that was accepted, and then is revoked as a logout does it.</summary>
    async Task<ProbeFinding> RevokedAsync(ProbeTokens tokens, string name, RevocationKind kind, string claim, int? epoch, CancellationToken stop)
    {
        var claims = tokens.Claims();
        var token = tokens.Sign(tokens.Header(), claims);
        await target.SendAsync(token, inQuery: false, stop);
        var batch = new WriteBatch();
        _revocations.Add(batch, kind, claims[claim]!.GetValue<string>(), epoch);
        await batch.ExecuteAsync(_database, stop);
        var answer = await target.UntilAsync(token, a => a.Refused, Promise, stop);
        return new ProbeFinding(name, "within 2 s", answer, !answer.Refused);
    }

    /// <summary>A key that is published, and then taken away. Null where the API did not learn of it in time.</summary>
    async Task<ProbeFinding?> RevokedKeyAsync(ProbeTokens tokens, CancellationToken stop)
    {
        var rotation = services.GetRequiredService<KeyRotation>();
        var row = await rotation.PublishOnlyAsync(tokens.Key.Algorithm, stop);
        try
        {
            using var key = services.GetRequiredService<SigningKeySeal>().Open(row);
            var header = tokens.Header();
            header["kid"] = key.Kid;
            var claims = tokens.Claims();
            // The person was logged out everywhere just now.
            claims["uep"] = ProbeTokens.UserEpoch + 1;
            var token = ProbeTokens.Sign(header, claims, key);
            if (!(await target.UntilAsync(token, a => a.Accepted, KeyPatience, stop)).Accepted)
                return null;
            await rotation.RevokeAsync(row.Kid, stop);
            var answer = await target.UntilAsync(token, a => a.Refused, Promise, stop);
            return new ProbeFinding("its key rotated away and revoked", "within 2 s", answer, !answer.Refused);
        }
        finally
        {
            await rotation.RevokeAsync(row.Kid, CancellationToken.None);
        }
    }

    async Task<int> EpochAsync(CancellationToken stop)
    {
        await using var command = _database.CreateCommand($"SELECT {Installation.EpochSql}");
        return await command.ExecuteScalarAsync(stop) is int epoch
            ? epoch
            : throw new InvalidOperationException("The table installation is empty: start a node on this database first.");
    }

    /// <summary>Whoever reads the audit log learns that tokens were made by hand.</summary>
    async Task TellAsync(CancellationToken stop)
    {
        await using var context = await services.GetRequiredService<IDbContextFactory<HostDbContext>>().CreateDbContextAsync(stop);
        context.AddAudit(new AuditEvent { Kind = AuditKinds.ProbeRun, Detail = audience });
        await context.SaveChangesAsync(stop);
    }
}
