using System.Security.Cryptography;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;

namespace IdentityHost.Users.Pictures;

/// <summary>The key that <see cref="PictureLinks"/> signs with: made at the first start, under the start-up lock, and loaded at every one.</summary>
internal sealed class PictureKey(IDbContextFactory<HostDbContext> contexts, IDataProtectionProvider protection, PictureLinks links) : IStartupStep
{
    const string Name = "picture_links";
    const int KeyLength = 32;

    readonly IDataProtector _protector = protection.CreateProtector("IdentityHost.ServerSecrets", Name);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var stored = await context.ServerSecrets.AsNoTracking().FirstOrDefaultAsync(s => s.Name == Name, cancellationToken);
        if (stored is null)
        {
            stored = new ServerSecret { Name = Name, ProtectedKey = _protector.Protect(RandomNumberGenerator.GetBytes(KeyLength)) };
            context.Add(stored);
            await context.SaveChangesAsync(cancellationToken);
        }
        links.Use(_protector.Unprotect(stored.ProtectedKey));
    }
}
