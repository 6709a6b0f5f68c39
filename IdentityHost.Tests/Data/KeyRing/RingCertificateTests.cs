using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Data.KeyRing;

/// <summary>The ring wrapped by a certificate instead of a key file.</summary>
[Case(209)]
public sealed class RingCertificateTests(TestPostgres postgres) : IAsyncLifetime
{
    const string Password = "of the file";

    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("identityhost-ring-");
    string _database = "";

    public async ValueTask InitializeAsync() => _database = await postgres.CreateDatabaseAsync();

    public async ValueTask DisposeAsync()
    {
        await postgres.DropDatabaseAsync(_database);
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task The_certificate_wraps_the_ring_opens_it_at_the_next_start_and_another_is_refused()
    {
        var (ours, theirs) = (Write("ours"), Write("theirs"));
        string jwks;
        await using (var first = await StartAsync(ours, Password))
            jwks = await first.Client.GetStringAsync("/.well-known/jwks");

        var dump = await postgres.DumpAsync(_database);
        Assert.Contains("EncryptedData", dump, StringComparison.Ordinal);
        Assert.DoesNotContain("<masterKey", dump, StringComparison.Ordinal);
        Assert.DoesNotContain("<value", dump, StringComparison.Ordinal);

        await using (var second = await StartAsync(ours, Password))
            Assert.Equal(jwks, await second.Client.GetStringAsync("/.well-known/jwks"));

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync(theirs, Password));
        Assert.Contains("wrapped with another key", refused.Message, StringComparison.Ordinal);
        Assert.Contains("DataProtection:Certificate", refused.Message, StringComparison.Ordinal);
        // The refused start added nothing. (COPY rows of the dump, since the fixture has no connection of its own.)
        Assert.Equal(dump.Split("<encryptedSecret").Length, (await postgres.DumpAsync(_database)).Split("<encryptedSecret").Length);
    }

    [Fact]
    public async Task A_certificate_that_cannot_be_used_is_named_with_its_fix()
    {
        var password = await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync(Write("locked"), "wrong"));
        Assert.Contains("DataProtection:CertificatePassword", password.Message, StringComparison.Ordinal);
        var missing = await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync("/nowhere/ring.p12", Password));
        Assert.Contains("there is no file /nowhere/ring.p12", missing.Message, StringComparison.Ordinal);
        var keyless = await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync(Write("keyless", withKey: false), Password));
        Assert.Contains("no RSA private key", keyless.Message, StringComparison.Ordinal);
    }

    Task<HostNode> StartAsync(string certificate, string password) => HostNode.StartAsync(
        _database, [new("DataProtection:Certificate", certificate), new("DataProtection:CertificatePassword", password)]);

    string Write(string name, bool withKey = true)
    {
        using var rsa = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var written = withKey ? null : X509CertificateLoader.LoadCertificate(certificate.RawData);
        var path = Path.Combine(_folder.FullName, name + ".p12");
        File.WriteAllBytes(path, (written ?? certificate).Export(X509ContentType.Pkcs12, Password));
        return path;
    }
}
