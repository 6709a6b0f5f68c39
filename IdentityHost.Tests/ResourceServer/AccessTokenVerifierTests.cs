using System.Security.Cryptography;
using IdentityHost.ResourceServer;
using static IdentityHost.Tests.ResourceServer.TokenWriter;

namespace IdentityHost.Tests.ResourceServer;

/// <summary>The verifier as a whole: random damage, many threads, memory, and what it refuses to be made of.</summary>
public sealed class AccessTokenVerifierTests(TokenWriter writer) : IClassFixture<TokenWriter>
{
    /// <summary>
    /// Bytes per accepted ES256 token with all claims: the token object, its texts and lists, and what the platform itself needs to check a
    /// signature (1,272 of it). 1,824 were measured (.NET 10.0.12, OpenSSL).
    /// </summary>
    const long AllocationLimit = 2_048;

    const int Mutations = 6_000;

    [Case(108)]
    [Case(112)]
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_damaged_token_is_never_accepted_and_never_an_exception(int seed)
    {
        var random = new Random(seed);
        var token = writer.Es256();
        Assert.True(writer.Verifier.Verify(token).Succeeded);
        for (var i = 0; i < Mutations / 2; i++)
        {
            var damaged = TokenDamage.Of(token, random);
            Assert.Equal(damaged == token, writer.Verifier.Verify(damaged).Succeeded);
        }
    }

    /// <summary>As above, but signed after the damage: a hostile issuer finds no text that throws.</summary>
    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void Damaged_claims_under_a_good_signature_are_never_an_exception(int seed)
    {
        var random = new Random(seed);
        var (header, payload) = (Header(), Payload());
        var accepted = 0;
        for (var i = 0; i < 1_000; i++)
        {
            var verification = writer.Verifier.Verify(writer.Es256(
                i % 4 == 0 ? TokenDamage.Of(header, random) : header, TokenDamage.Of(payload, random)));
            if (verification.Succeeded)
            {
                accepted++;
                Assert.Equal([Audience], verification.Token.Audiences.Where(a => a == Audience));
                Assert.InRange(verification.Token.ExpiresAt.ToUnixTimeSeconds(), Now + 1, Now + 3600);
            }
        }
        // A digit of an epoch or a letter of a name may change and leave a good token.
        Assert.InRange(accepted, 1, 500);
    }

    [Fact]
    public void An_accepted_token_costs_little_memory()
    {
        var token = writer.Es256();
        for (var i = 0; i < 200; i++)
            writer.Verifier.Verify(token);
        const int Times = 500;
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Times; i++)
            writer.Verifier.Verify(token);
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / Times, 1, AllocationLimit);
    }

    [Fact]
    public async Task Many_threads_get_the_same_answers()
    {
        var good = new[] { writer.Es256(), writer.Rs256() };
        var bad = new[] { Compact(Header(), Payload(("sub", "\"1\"")), _ => new byte[64]), good[0][..^4] + "AAAA", writer.Es256(Header(("alg", "\"none\""))) };
        // More threads than a key keeps instances, all at once.
        await Task.WhenAll(Enumerable.Range(0, Environment.ProcessorCount * 8).Select(n => Task.Factory.StartNew(
            () =>
            {
                for (var i = 0; i < 60; i++)
                {
                    Assert.Equal("42", writer.Verifier.Verify(good[(i + n) % 2]).Token?.Subject);
                    Assert.False(writer.Verifier.Verify(bad[i % 3]).Succeeded);
                }
            },
            TestContext.Current.CancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));
    }

    [Fact]
    public void The_default_answer_is_no_success()
    {
        Assert.False(default(AccessTokenVerification).Succeeded);
        Assert.Equal(AccessTokenFailure.Malformed, writer.Verifier.Verify(null).Failure);
    }

    [Fact]
    public void Rules_that_would_accept_too_much_are_refused()
    {
        var right = new AccessTokenRules { Issuer = TokenWriter.Issuer, Audience = Audience };
        AccessTokenRules[] wrong =
        [
            right with { Issuer = "" }, right with { Audience = "" }, right with { MaximumLifetime = TimeSpan.Zero },
            right with { ClockSkew = TimeSpan.FromSeconds(-1) }, right with { ClockSkew = TimeSpan.FromSeconds(6) },
        ];
        foreach (var rules in wrong)
            Assert.ThrowsAny<ArgumentException>(() => new AccessTokenVerifier(writer.Keys, rules, TimeProvider.System));
    }

    [Fact]
    public void Weak_or_ambiguous_keys_are_refused()
    {
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var small = RSA.Create(1024);
        var good = writer.Ec.ExportParameters(includePrivateParameters: false);
        Assert.Throws<ArgumentException>(() => AccessTokenKey.FromEc("k", p384.ExportParameters(includePrivateParameters: false)));
        Assert.Throws<ArgumentException>(() => AccessTokenKey.FromRsa("k", small.ExportParameters(includePrivateParameters: false)));
        Assert.Throws<ArgumentException>(() => AccessTokenKey.FromEc("", good));
        Assert.Throws<ArgumentException>(() => new AccessTokenKeySet([AccessTokenKey.FromEc("k", good), AccessTokenKey.FromEc("k", good)]));
        var off = new ECParameters { Curve = good.Curve, Q = new ECPoint { X = new byte[32], Y = new byte[32] } };
        Assert.ThrowsAny<CryptographicException>(() => AccessTokenKey.FromEc("k", off));
    }
}
