using System.Security.Cryptography;
using IdentityHost.Data.Entities;
using IdentityHost.ResourceServer;
using Microsoft.AspNetCore.DataProtection;

namespace IdentityHost.Protocol.Keys;

/// <summary>Makes keys and opens those of the database. Their private halves are encrypted with Data Protection.</summary>
internal sealed class SigningKeySeal(IDataProtectionProvider protection)
{
    readonly IDataProtector _protector = protection.CreateProtector("IdentityHost.SigningKeys");

    /// <summary>A new key that signs from <paramref name="activatesAt"/> on.</summary>
    public SigningKey Generate(string algorithm, DateTimeOffset now, DateTimeOffset activatesAt)
    {
        while (true)
        {
            using AsymmetricAlgorithm key = algorithm == AccessTokenKey.Rs256
                ? RSA.Create(SigningKeyHandle.RsaBits)
                : ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var pkcs8 = key.ExportPkcs8PrivateKey();
            // The handle wipes the bytes it was given, so they are protected first.
            var sealedKey = _protector.Protect(pkcs8);
            using var handle = new SigningKeyHandle(algorithm, pkcs8);
            // On a command line (keys revoke) it would be taken for an option.
            if (handle.Kid.StartsWith('-'))
                continue;
            return new SigningKey
            {
                Kid = handle.Kid,
                Algorithm = algorithm,
                PublicKey = key.ExportSubjectPublicKeyInfo(),
                ProtectedPrivateKey = sealedKey,
                CreatedAt = now,
                ActivatesAt = activatesAt,
            };
        }
    }

    /// <exception cref="InvalidOperationException">The ring was wrapped with another key.</exception>
    public SigningKeyHandle Open(SigningKey key)
    {
        try
        {
            return new SigningKeyHandle(key.Algorithm, _protector.Unprotect(key.ProtectedPrivateKey));
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
