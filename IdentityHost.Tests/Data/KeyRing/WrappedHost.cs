using System.Security.Cryptography;
using IdentityHost.Tests.Support;
using Microsoft.Extensions.Configuration;

namespace IdentityHost.Tests.Data.KeyRing;

/// <summary>Two nodes as an operator runs them: the ring wrapped by a key file, passwords hashed at the default cost.</summary>
public sealed class WrappedHost(TestPostgres postgres) : HostFixture(postgres)
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("identityhost-ring-");

    public string KeyFile => Path.Combine(_folder.FullName, "ring.key");

    /// <summary>The key of another installation.</summary>
    public string OtherKeyFile => Path.Combine(_folder.FullName, "other.key");

    /// <summary>What an operator has who sets nothing.</summary>
    static IConfigurationRoot Defaults => new ConfigurationBuilder().AddJsonFile(Path.Combine(Repository.Root, "appsettings.json")).Build();

    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
        [new("DataProtection:KeyFile", KeyFile), new("Tokens:IdTokenAlgorithms", "ES256"), new("Passwords:Iterations", Defaults["Passwords:Iterations"])];

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
