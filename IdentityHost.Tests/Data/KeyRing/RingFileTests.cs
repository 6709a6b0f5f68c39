using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using IdentityHost.Tests.Support;
using Microsoft.AspNetCore.DataProtection;

namespace IdentityHost.Tests.Data.KeyRing;

/// <summary>Who steals the database has the lock without the key.</summary>
[Case(209)]
public sealed class RingFileTests(WrappedHost host, TestPostgres postgres) : IClassFixture<WrappedHost>
{
    [Fact]
    public async Task A_dump_opens_nothing_without_the_file()
    {
        var dump = await postgres.DumpAsync(host.ConnectionString);
        Assert.Contains("<sealed", dump, StringComparison.Ordinal);
        Assert.DoesNotContain("<masterKey", dump, StringComparison.Ordinal);
        Assert.DoesNotContain("<value", dump, StringComparison.Ordinal);

        // The signing key's column is a Data Protection payload (its magic, then the id of a ring key), not a key that anything could import.
        var column = (await host.ScalarAsync<byte[]>("SELECT protected_private_key FROM signing_keys"))!;
        Assert.Equal("09F0C9F0", Convert.ToHexString(column, 0, 4));
        using var ecdsa = ECDsa.Create();
        Assert.ThrowsAny<CryptographicException>(() => ecdsa.ImportPkcs8PrivateKey(column, out _));
    }

    [Fact]
    public async Task The_file_opens_the_sealed_key_and_another_file_does_not()
    {
        var xml = XElement.Parse((await host.ScalarAsync<string>("SELECT xml FROM data_protection_keys"))!);
        var sealedBytes = Convert.FromBase64String(xml.Descendants("sealed").Single().Value);
        Assert.Contains("masterKey", Open(sealedBytes, host.KeyFile), StringComparison.Ordinal);
        Assert.ThrowsAny<CryptographicException>(() => Open(sealedBytes, host.OtherKeyFile));
    }

    [Fact]
    public void What_one_node_protects_the_other_reads()
    {
        var text = host.Nodes[0].Service<IDataProtectionProvider>().CreateProtector("test").Protect("cookie");
        Assert.Equal("cookie", host.Nodes[1].Service<IDataProtectionProvider>().CreateProtector("test").Unprotect(text));
    }

    [Fact]
    public async Task One_ring_key_and_one_signing_key_of_an_algorithm_for_both_nodes()
    {
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM data_protection_keys"));
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT max(n) FROM (SELECT count(*) AS n FROM signing_keys GROUP BY algorithm) k"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Another_key_or_none_is_refused_with_the_fix_and_leaves_the_ring_as_it_was(bool other)
    {
        KeyValuePair<string, string?>[] settings = other ? [new("DataProtection:KeyFile", host.OtherKeyFile)] : [];
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(async () =>
        {
            await using var node = await HostNode.StartAsync(host.ConnectionString, settings);
        });
        Assert.Contains("DataProtection:KeyFile", refused.Message, StringComparison.Ordinal);
        Assert.Contains("wrapped with another key", refused.Message, StringComparison.Ordinal);
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM data_protection_keys"));
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT max(n) FROM (SELECT count(*) AS n FROM signing_keys GROUP BY algorithm) k"));
    }

    [Fact]
    public async Task A_node_with_the_same_file_signs_with_the_same_key()
    {
        await using var third = await HostNode.StartAsync(host.ConnectionString, [new("DataProtection:KeyFile", host.KeyFile)]);
        Assert.Equal(await host.Nodes[0].Client.GetStringAsync("/.well-known/jwks"), await third.Client.GetStringAsync("/.well-known/jwks"));
    }

    /// <summary>AES-256-GCM, nonce and tag in front: by hand, so that the test does not lean on the code that sealed it.</summary>
    static string Open(byte[] sealedBytes, string keyFile)
    {
        using var aes = new AesGcm(Convert.FromBase64String(File.ReadAllText(keyFile)), 16);
        var plain = new byte[sealedBytes.Length - 28];
        aes.Decrypt(sealedBytes.AsSpan(0, 12), sealedBytes.AsSpan(28), sealedBytes.AsSpan(12, 16), plain);
        return Encoding.UTF8.GetString(plain);
    }
}
