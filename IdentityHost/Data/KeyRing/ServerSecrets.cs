using System.Security.Cryptography;
using IdentityHost.Data.Entities;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;

namespace IdentityHost.Data.KeyRing;

/// <summary>The random keys that all nodes share (<c>server_secrets</c>): each made at the first start, under the start-up lock, and loaded at every one.</summary>
internal sealed class ServerSecrets(IDbContextFactory<HostDbContext> contexts, IDataProtectionProvider protection)
{
    const int KeyLength = 32;

    /// <summary>The key of this name. To be called by a start-up step alone: two that make it at once would not agree.</summary>
    public async Task<byte[]> LoadAsync(string name, CancellationToken cancellationToken)
    {
        var protector = protection.CreateProtector("IdentityHost.ServerSecrets", name);
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var stored = await context.ServerSecrets.AsNoTracking().FirstOrDefaultAsync(s => s.Name == name, cancellationToken);
        if (stored is null)
        {
            stored = new ServerSecret { Name = name, ProtectedKey = protector.Protect(RandomNumberGenerator.GetBytes(KeyLength)) };
            context.Add(stored);
            await context.SaveChangesAsync(cancellationToken);
        }
        return protector.Unprotect(stored.ProtectedKey);
    }
}
