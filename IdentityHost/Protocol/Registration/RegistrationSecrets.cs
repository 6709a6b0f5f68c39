using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace IdentityHost.Protocol.Registration;

/// <summary>What a registered application is given, once: its id, its secret, and the token to manage its registration with (RFC 7592 §3).</summary>
internal static class RegistrationSecrets
{
    /// <summary>What the ids of registered applications begin with: the operator sees where one comes from, and none is all digits.</summary>
    public const string ClientIdPrefix = "dyn_";

    const int ClientIdLength = 16;
    const int SecretLength = 32;

    /// <summary>128 random bits: never given twice.</summary>
    public static string NewClientId() => ClientIdPrefix + Random(ClientIdLength);

    /// <summary>256 random bits, for a client secret or a registration access token.</summary>
    public static string NewSecret() => Random(SecretLength);

    /// <summary>A registration access token at rest. It is random and long, so there is nothing to guess that a slow hash would protect.</summary>
    public static byte[] HashToken(string token) => SHA256.HashData(Encoding.UTF8.GetBytes("identityhost registration access token 1\n" + token));

    /// <summary>Compares in constant time; false where there is no hash.</summary>
    public static bool IsToken(string token, byte[]? hash) => CryptographicOperations.FixedTimeEquals(HashToken(token), hash ?? []);

    static string Random(int length) => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(length));
}
