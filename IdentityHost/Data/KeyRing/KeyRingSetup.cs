using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Npgsql;

namespace IdentityHost.Data.KeyRing;

/// <summary>
/// The Data Protection ring: kept in Postgres so that every node reads what another wrote, and wrapped by a key that is not in the database
/// (<c>DataProtection:Certificate</c> or <c>DataProtection:KeyFile</c>), so that a dump of the database alone opens nothing.
/// </summary>
internal static class KeyRingSetup
{
    public static void AddKeyRing(this WebApplicationBuilder builder)
    {
        var options = builder.Configuration.GetSection("DataProtection").Get<KeyRingOptions>() ?? new KeyRingOptions();
        var ring = builder.Services.AddDataProtection().SetApplicationName("IdentityHost");

        builder.Services.AddOptions<KeyManagementOptions>().Configure<NpgsqlDataSource>(
            (management, database) => management.XmlRepository = new PostgresXmlRepository(database));
        builder.Services.AddSingleton<IStartupStep, FirstRingKey>();

        if (options.Certificate is { Length: > 0 } certificate)
        {
            ring.ProtectKeysWithCertificate(RingCertificate(certificate, options.CertificatePassword));
        }
        else if (options.KeyFile is { Length: > 0 } file)
        {
            var key = RingKeyFile.Read(file);
            builder.Services.Configure<KeyManagementOptions>(management => management.XmlEncryptor = new RingEncryptor(key));
            // The decryptor is made by its type name from the stored XML; it finds the key here.
            builder.Services.AddSingleton(key);
        }
        else if (!builder.Environment.IsDevelopment() && !options.AllowUnwrapped)
        {
            throw new InvalidOperationException(
                "DataProtection: the keys that encrypt cookies and signing keys would lie readable in the database. "
                + "Set DataProtection:KeyFile (32 random bytes in base64: `openssl rand -base64 32`) or DataProtection:Certificate (a PKCS#12 file); "
                + "DataProtection:AllowUnwrapped=true starts without either.");
        }
    }

    /// <exception cref="InvalidOperationException">The file is missing, is no PKCS#12, has another password, or cannot unwrap what it wraps.</exception>
    static X509Certificate2 RingCertificate(string path, string? password)
    {
        if (!File.Exists(path))
            throw new InvalidOperationException($"DataProtection:Certificate: there is no file {path}. Name a PKCS#12 file with its private key.");
        X509Certificate2 certificate;
        try
        {
            certificate = X509CertificateLoader.LoadPkcs12FromFile(path, password);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new InvalidOperationException(
                $"DataProtection:Certificate: {path} cannot be opened. It must be a PKCS#12 file, and DataProtection:CertificatePassword its password.", e);
        }
        using var key = certificate.GetRSAPrivateKey();
        return key is not null
            ? certificate
            : throw new InvalidOperationException($"DataProtection:Certificate: {path} holds no RSA private key; without it the ring could not be read again.");
    }
}

/// <summary>The <c>DataProtection</c> section.</summary>
internal sealed class KeyRingOptions
{
    /// <summary>A PKCS#12 file whose certificate wraps the ring.</summary>
    public string? Certificate { get; set; }

    public string? CertificatePassword { get; set; }

    /// <summary>A file that holds 32 random bytes in base64, which wrap the ring. The same file on every node.</summary>
    public string? KeyFile { get; set; }

    /// <summary>Start outside Development although the ring is not wrapped.</summary>
    public bool AllowUnwrapped { get; set; }
}
