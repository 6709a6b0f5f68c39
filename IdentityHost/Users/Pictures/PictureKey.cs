using IdentityHost.Data;
using IdentityHost.Data.KeyRing;

namespace IdentityHost.Users.Pictures;

/// <summary>Gives <see cref="PictureLinks"/> the key that it signs with, at start.</summary>
internal sealed class PictureKey(ServerSecrets secrets, PictureLinks links) : IStartupStep
{
    public async Task RunAsync(CancellationToken cancellationToken) => links.Use(await secrets.LoadAsync("picture_links", cancellationToken));
}
