using IdentityHost.Data;
using IdentityHost.Data.KeyRing;

namespace IdentityHost.Protocol.Keys;

/// <summary>Loads the <see cref="ServerKey"/>, at start.</summary>
internal sealed class ServerKeyStore(ServerSecrets secrets, ServerKey key) : IStartupStep
{
    /// <summary>The row's name, from when it had this one use only.</summary>
    const string Name = "refresh_tokens";

    public async Task RunAsync(CancellationToken cancellationToken) => key.Use(await secrets.LoadAsync(Name, cancellationToken));
}
