using System.Security.Cryptography;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Data.KeyRing;

/// <summary>Two nodes as an operator runs them: the ring wrapped by a key file, passwords hashed at the default cost.</summary>
public sealed class WrappedHost(TestPostgres postgres) : HostFixture(postgres)
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("identityhost-ring-");

    public string KeyFile => Path.Combine(_folder.FullName, "ring.key");

    /// <summary>The key of another installation.</summary>
    public string OtherKeyFile => Path.Combine(_folder.FullName, "other.key");

    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
        [new("DataProtection:KeyFile", KeyFile), new("Passwords:Iterations", null)];

    public override async ValueTask InitializeAsync()
    {
        foreach (var file in (string[])[KeyFile, OtherKeyFile])
            await File.WriteAllTextAsync(file, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        await base.InitializeAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
