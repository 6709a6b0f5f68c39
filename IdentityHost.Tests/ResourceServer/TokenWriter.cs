using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using IdentityHost.ResourceServer;

namespace IdentityHost.Tests.ResourceServer;

/// <summary>Writes tokens as an issuer would, and as attackers do: raw JSON in, any signature. Shares no code with what it tests.</summary>
public sealed class TokenWriter : IDisposable
{
    public const string Issuer = "https://id.example.com";
    public const string Audience = "https://api.example.com";
    public const string EcKid = "ec-1";
    public const string RsaKid = "rsa-1";

    /// <summary>The verifier's clock, in seconds since 1970.</summary>
    public const long Now = 1_800_000_000;

    public TokenWriter()
        : this(default)
    {
    }

    internal TokenWriter(TimeSpan clockSkew)
    {
        Ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Rsa = RSA.Create(2048);
        Keys = new CountingKeys(new AccessTokenKeySet(
        [
            AccessTokenKey.FromEc(EcKid, Ec.ExportParameters(includePrivateParameters: true)),
            AccessTokenKey.FromRsa(RsaKid, Rsa.ExportParameters(includePrivateParameters: true)),
        ]));
        Verifier = new AccessTokenVerifier(Keys, new AccessTokenRules { Issuer = Issuer, Audience = Audience, ClockSkew = clockSkew }, new FixedTime());
    }

    public ECDsa Ec { get; }

    public RSA Rsa { get; }

    public CountingKeys Keys { get; }

    /// <summary>Knows both keys and stands still at <see cref="Now"/>.</summary>
    public AccessTokenVerifier Verifier { get; }

    public void Dispose()
    {
        Ec.Dispose();
        Rsa.Dispose();
    }

    /// <summary>A header that is accepted, with members replaced by raw JSON, added, or removed (null).</summary>
    public static string Header(params (string Name, string? Json)[] changes) =>
        Write([("typ", "\"at+jwt\""), ("alg", "\"ES256\""), ("kid", $"\"{EcKid}\"")], changes);

    /// <summary>A payload that is accepted at <see cref="Now"/>, with members replaced by raw JSON, added, or removed (null).</summary>
    public static string Payload(params (string Name, string? Json)[] changes) => Write(
        [
            ("iss", $"\"{Issuer}\""), ("aud", $"\"{Audience}\""), ("sub", "\"42\""), ("client_id", "\"shop\""), ("jti", "\"t-1\""),
            ("scope", "\"users:self orders\""), ("sid", "\"s-1\""), ("gid", "\"g-1\""), ("uep", "3"), ("aep", "2"), ("gep", "1"),
            ("roles", "[\"ADMIN\"]"), ("iat", $"{Now - 60}"), ("exp", $"{Now + 540}"),
        ],
        changes);

    /// <summary>Signed by <see cref="Ec"/>.</summary>
    public string Es256(string? header = null, string? payload = null) => Compact(header ?? Header(), payload ?? Payload(), EcSignature);

    /// <summary>Signed by <see cref="Rsa"/>.</summary>
    public string Rs256(string? header = null, string? payload = null) =>
        Compact(header ?? Header(("alg", "\"RS256\""), ("kid", $"\"{RsaKid}\"")), payload ?? Payload(), RsaSignature);

    public byte[] EcSignature(byte[] data) => Ec.SignData(data, HashAlgorithmName.SHA256);

    public byte[] RsaSignature(byte[] data) => Rsa.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

    public static string Compact(string header, string payload, Func<byte[], byte[]> sign) =>
        Join(Encode(header), Encode(payload), sign);

    /// <summary>Segments already encoded, well or badly; only the signature is added.</summary>
    public static string Join(string header, string payload, Func<byte[], byte[]> sign) =>
        $"{header}.{payload}.{Base64Url.EncodeToString(sign(Encoding.UTF8.GetBytes($"{header}.{payload}")))}";

    public static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    static string Write(List<(string Name, string? Json)> members, (string Name, string? Json)[] changes)
    {
        foreach (var change in changes)
        {
            var index = members.FindIndex(m => m.Name == change.Name);
            if (index < 0)
                members.Add(change);
            else
                members[index] = change;
        }
        return $"{{{string.Join(',', members.Where(m => m.Json is not null).Select(m => $"\"{m.Name}\":{m.Json}"))}}}";
    }

    sealed class FixedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeSeconds(Now);
    }
}

/// <summary>The keys, and how often they were asked.</summary>
public sealed class CountingKeys(AccessTokenKeySet keys) : IAccessTokenKeys
{
    int _asked;

    public int Asked => _asked;

    public bool TryGet(ReadOnlySpan<char> kid, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out AccessTokenKey? key)
    {
        Interlocked.Increment(ref _asked);
        return keys.TryGet(kid, out key);
    }
}
