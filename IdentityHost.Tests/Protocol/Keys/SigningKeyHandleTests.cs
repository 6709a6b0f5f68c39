using System.Security.Cryptography;
using IdentityHost.Protocol.Keys;

namespace IdentityHost.Tests.Protocol.Keys;

/// <summary>A key may be taken away while others sign with it.</summary>
public sealed class SigningKeyHandleTests
{
    [Theory]
    [InlineData("ES256")]
    [InlineData("RS256")]
    public async Task A_key_that_is_taken_away_in_the_middle_signs_rightly_or_not_at_all(string algorithm)
    {
        var data = "header.payload"u8.ToArray();
        for (var round = 0; round < 5; round++)
        {
            var handle = new SigningKeyHandle(algorithm, NewKey(algorithm));
            var signed = 0;
            var workers = Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
            {
                var signature = new byte[handle.SignatureLength];
                while (handle.TrySign(data, signature))
                {
                    Assert.True(handle.Verification.Verify(data, signature));
                    Interlocked.Increment(ref signed);
                }
            })).ToList();
            SpinWait.SpinUntil(() => Volatile.Read(ref signed) > 20, TimeSpan.FromSeconds(20));
            handle.Dispose();
            handle.Dispose();
            await Task.WhenAll(workers);
            Assert.True(signed > 20);
            Assert.False(handle.TrySign(data, new byte[handle.SignatureLength]));
        }
    }

    [Fact]
    public void A_key_of_another_kind_is_refused()
    {
        Assert.ThrowsAny<CryptographicException>(() => new SigningKeyHandle("RS256", NewKey("ES256")));
        Assert.ThrowsAny<CryptographicException>(() => new SigningKeyHandle("ES256", NewKey("RS256")));
    }

    static byte[] NewKey(string algorithm)
    {
        using AsymmetricAlgorithm key = algorithm == "ES256" ? ECDsa.Create(ECCurve.NamedCurves.nistP256) : RSA.Create(2048);
        return key.ExportPkcs8PrivateKey();
    }
}
