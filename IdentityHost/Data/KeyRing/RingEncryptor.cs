using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;

namespace IdentityHost.Data.KeyRing;

/// <summary>The key that wraps the ring, read from <c>DataProtection:KeyFile</c>.</summary>
internal sealed class RingKeyFile
{
    const int Length = 32;

    RingKeyFile(byte[] key) => Key = key;

    public ReadOnlyMemory<byte> Key { get; }

    /// <exception cref="InvalidOperationException">The file is missing, closed to this account, or does not hold 32 bytes in base64.</exception>
    public static RingKeyFile Read(string path)
    {
        if (!File.Exists(path))
            throw new InvalidOperationException($"DataProtection:KeyFile: there is no file {path}. Make one: openssl rand -base64 32 > {path}");
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidOperationException($"DataProtection:KeyFile: {path} cannot be read by this account. Let it read the file.", e);
        }
        var key = new byte[Length + 1];
        return Convert.TryFromBase64String(text.Trim(), key, out var written) && written == Length
            ? new RingKeyFile(key[..Length])
            : throw new InvalidOperationException($"DataProtection:KeyFile: {path} must hold 32 random bytes in base64. Make one: openssl rand -base64 32 > {path}");
    }

    /// <summary>Writes a new key, readable by its owner only, unless the file is there.</summary>
    public static void EnsureExists(string path)
    {
        if (File.Exists(path))
            return;
        // Written under another name first: a second host that starts now must never read half a key.
        var draft = $"{path}.{Environment.ProcessId}";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var stream = new FileStream(draft, options))
            stream.Write(Encoding.ASCII.GetBytes(Convert.ToBase64String(RandomNumberGenerator.GetBytes(Length))));
        try
        {
            File.Move(draft, path, overwrite: false);
        }
        catch (IOException)
        {
            File.Delete(draft);
        }
    }
}

/// <summary>Wraps the ring's keys with AES-256-GCM.</summary>
internal sealed class RingEncryptor(RingKeyFile key) : IXmlEncryptor
{
    internal const int NonceLength = 12;
    internal const int TagLength = 16;

    public EncryptedXmlInfo Encrypt(XElement plaintextElement)
    {
        var plain = Encoding.UTF8.GetBytes(plaintextElement.ToString(SaveOptions.DisableFormatting));
        var sealedBytes = new byte[NonceLength + TagLength + plain.Length];
        RandomNumberGenerator.Fill(sealedBytes.AsSpan(0, NonceLength));
        using var aes = new AesGcm(key.Key.Span, TagLength);
        aes.Encrypt(sealedBytes.AsSpan(0, NonceLength), plain, sealedBytes.AsSpan(NonceLength + TagLength), sealedBytes.AsSpan(NonceLength, TagLength));
        return new EncryptedXmlInfo(new XElement("sealed", Convert.ToBase64String(sealedBytes)), typeof(RingDecryptor));
    }
}

/// <summary>Opens what <see cref="RingEncryptor"/> wrapped; made by the framework from the type named in the stored XML.</summary>
internal sealed class RingDecryptor(IServiceProvider services) : IXmlDecryptor
{
    public XElement Decrypt(XElement encryptedElement)
    {
        var key = services.GetService<RingKeyFile>()
            ?? throw new InvalidOperationException("The Data Protection ring was wrapped with a key file: set DataProtection:KeyFile to it.");
        var sealedBytes = Convert.FromBase64String(encryptedElement.Value).AsSpan();
        var plain = new byte[sealedBytes.Length - RingEncryptor.NonceLength - RingEncryptor.TagLength];
        using var aes = new AesGcm(key.Key.Span, RingEncryptor.TagLength);
        aes.Decrypt(
            sealedBytes[..RingEncryptor.NonceLength],
            sealedBytes[(RingEncryptor.NonceLength + RingEncryptor.TagLength)..],
            sealedBytes.Slice(RingEncryptor.NonceLength, RingEncryptor.TagLength),
            plain);
        return XElement.Parse(Encoding.UTF8.GetString(plain));
    }
}
