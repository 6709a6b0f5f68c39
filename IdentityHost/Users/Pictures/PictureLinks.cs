using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace IdentityHost.Users.Pictures;

/// <summary>
/// The address of a picture for those who are not signed in here: an application shows somebody's picture in a browser that has no token of ours
/// (the claim <c>picture</c>, OpenID Connect Core §5.1). The signature is for one version of one person's picture; with the picture the address dies.
/// </summary>
internal sealed class PictureLinks(Issuer issuer)
{
    public const string Version = "v";
    public const string Signature = "s";

    byte[] _key = [];

    /// <summary>Called at start, before any request.</summary>
    public void Use(byte[] key) => _key = key;

    /// <summary>An absolute URL that opens without a token. The same each time, so that browsers may keep what it leads to.</summary>
    /// <param name="userId">Whose picture.</param>
    /// <param name="version">Of the picture (<see cref="UserView.PictureVersion"/>).</param>
    public string UrlOf(long userId, int version) =>
        issuer.UrlOf(string.Create(CultureInfo.InvariantCulture, $"/users/{userId}/picture?{Version}={version}&{Signature}={Sign(userId, version)}"));

    /// <summary>The version that the signature is for; null where it is none of ours for this person.</summary>
    public int? Check(long userId, string? version, string? signature)
    {
        if (!int.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || signature is null)
            return null;
        var expected = Encoding.ASCII.GetBytes(Sign(userId, number));
        return CryptographicOperations.FixedTimeEquals(expected, Encoding.UTF8.GetBytes(signature)) ? number : null;
    }

    string Sign(long userId, int version)
    {
        // Signing with no key would sign for everybody.
        if (_key.Length == 0)
            throw new InvalidOperationException("The host has not started.");
        return Base64Url.EncodeToString(HMACSHA256.HashData(_key, Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"picture\n{userId}\n{version}"))));
    }
}
