using System.Security.Cryptography;
using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;

namespace IdentityHost.Protocol.Keys;

/// <summary>
/// The keys in <c>signing_keys</c>, private halves encrypted with Data Protection. At the first start it makes one, under the start-up lock;
/// at every start it loads them into <see cref="SigningKeys"/>.
/// </summary>
internal sealed class SigningKeyStore(
    IDbContextFactory<HostDbContext> contexts, IDataProtectionProvider protection, SigningKeys keys, TimeProvider clock) : IStartupStep
{
    readonly IDataProtector _protector = protection.CreateProtector("IdentityHost.SigningKeys");

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var stored = await context.SigningKeys.AsNoTracking().ToListAsync(cancellationToken);
        if (stored.Count == 0)
        {
            var first = Generate();
            context.Add(first);
            context.AddAudit(new AuditEvent { Kind = AuditKinds.SigningKeyCreated, Detail = first.Kid });
            await context.SaveChangesAsync(cancellationToken);
            stored.Add(first);
        }
        // The first of the list signs: the newest that is active.
        var now = clock.GetUtcNow();
        keys.Replace([.. stored.OrderByDescending(k => k.ActivatesAt <= now).ThenByDescending(k => k.ActivatesAt).Select(Open)]);
    }

    SigningKey Generate()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var pkcs8 = ecdsa.ExportPkcs8PrivateKey();
        var now = clock.GetUtcNow();
        // The handle wipes the bytes it was given, so they are protected first.
        var sealedKey = _protector.Protect(pkcs8);
        using var handle = new SigningKeyHandle(pkcs8);
        return new SigningKey
        {
            Kid = handle.Kid,
            Algorithm = handle.Algorithm,
            PublicKey = ecdsa.ExportSubjectPublicKeyInfo(),
            ProtectedPrivateKey = sealedKey,
            CreatedAt = now,
            ActivatesAt = now,
        };
    }

    SigningKeyHandle Open(SigningKey key)
    {
        try
        {
            return new SigningKeyHandle(_protector.Unprotect(key.ProtectedPrivateKey));
        }
        catch (CryptographicException e)
        {
            throw new InvalidOperationException(
                $"The signing key {key.Kid} cannot be decrypted: the Data Protection ring in this database was wrapped with another key. "
                + "Start with the DataProtection:KeyFile (or :Certificate) that it was made with.",
                e);
        }
    }
}
