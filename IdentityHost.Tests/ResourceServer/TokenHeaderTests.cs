using System.Buffers.Text;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using IdentityHost.ResourceServer;
using static IdentityHost.Tests.ResourceServer.TokenWriter;

namespace IdentityHost.Tests.ResourceServer;

/// <summary>What a header can try: another algorithm, another key, a key of its own, another kind of token (RFC 8725 §3.1, §3.10, §3.11).</summary>
public sealed class TokenHeaderTests(TokenWriter writer) : IClassFixture<TokenWriter>
{
    [Case(108)]
    [Theory]
    [InlineData("none")]
    [InlineData("None")]
    [InlineData("nOnE")]
    [InlineData("NONE")]
    [InlineData("es256")]
    [InlineData("ES256 ")]
    [InlineData("ES384")]
    [InlineData("HS256")]
    [InlineData("RS256")]
    [InlineData("")]
    public void Only_the_keys_own_algorithm_passes(string algorithm)
    {
        var header = Header(("alg", $"\"{algorithm}\""));
        Refused(AccessTokenFailure.WrongAlgorithm, writer.Es256(header));
        // Without a signature there is no third segment, or an empty one.
        var unsigned = $"{Encode(header)}.{Encode(Payload())}";
        Assert.False(writer.Verifier.Verify(unsigned).Succeeded);
        Assert.False(writer.Verifier.Verify(unsigned + ".").Succeeded);
    }

    [Case(108)]
    [Fact]
    public void A_public_key_is_no_shared_secret()
    {
        byte[][] secrets =
        [
            writer.Ec.ExportSubjectPublicKeyInfo(), Encoding.ASCII.GetBytes(writer.Ec.ExportSubjectPublicKeyInfoPem()),
            writer.Rsa.ExportSubjectPublicKeyInfo(), writer.Rsa.ExportRSAPublicKey(), Encoding.ASCII.GetBytes(writer.Rsa.ExportSubjectPublicKeyInfoPem()),
            [],
        ];
        foreach (var secret in secrets)
        {
            foreach (var (kid, own) in new[] { (EcKid, "ES256"), (RsaKid, "RS256") })
            {
                Refused(AccessTokenFailure.WrongAlgorithm, Keyed("HS256", kid, secret));
                Refused(AccessTokenFailure.BadSignature, Keyed(own, kid, secret));
            }
        }
        static string Keyed(string algorithm, string kid, byte[] secret) =>
            Compact(Header(("alg", $"\"{algorithm}\""), ("kid", $"\"{kid}\"")), Payload(), data => HMACSHA256.HashData(secret, data));
    }

    [Case(108)]
    [Fact]
    public void A_signature_of_zeros_or_of_another_shape_is_no_signature()
    {
        var order = Convert.FromHexString("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551");
        byte[][] signatures =
        [
            new byte[64], [.. order, .. order], [.. new byte[32], .. order], new byte[1], new byte[63], new byte[65], new byte[128],
            [.. Enumerable.Repeat((byte)0xff, 64)], [.. new byte[31], 1, .. new byte[31], 1],
        ];
        foreach (var signature in signatures)
            Refused(AccessTokenFailure.BadSignature, Compact(Header(), Payload(), _ => signature));
        foreach (var length in new[] { 1, 64, 255, 256, 257 })
        {
            var header = Header(("alg", "\"RS256\""), ("kid", $"\"{RsaKid}\""));
            Refused(AccessTokenFailure.BadSignature, Compact(header, Payload(), _ => new byte[length]));
        }
        // A right signature in DER, cut, or with one byte more.
        Refused(AccessTokenFailure.BadSignature, Compact(Header(), Payload(), data => writer.Ec.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)));
        Refused(AccessTokenFailure.BadSignature, Compact(Header(), Payload(), data => writer.EcSignature(data)[..63]));
        Refused(AccessTokenFailure.BadSignature, Compact(Header(), Payload(), data => [.. writer.EcSignature(data), 0]));
    }

    [Case(108)]
    [Fact]
    public void A_signature_of_another_key_or_of_the_other_algorithm_is_refused()
    {
        using var stranger = new TokenWriter();
        Refused(AccessTokenFailure.BadSignature, stranger.Es256());
        Refused(AccessTokenFailure.BadSignature, stranger.Rs256());
        Refused(AccessTokenFailure.BadSignature, Compact(Header(), Payload(), writer.RsaSignature));
        Refused(AccessTokenFailure.WrongAlgorithm, writer.Rs256(Header(("alg", "\"RS256\""))));
        Refused(AccessTokenFailure.WrongAlgorithm, writer.Es256(Header(("kid", $"\"{RsaKid}\""))));
        Refused(AccessTokenFailure.BadSignature, Compact(
            Header(("alg", "\"RS256\""), ("kid", $"\"{RsaKid}\"")), Payload(), data => writer.Rsa.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pss)));
    }

    [Case(109)]
    [Theory]
    [InlineData("../../dev/null")]
    [InlineData("' or 1=1--")]
    [InlineData("")]
    [InlineData("EC-1")]
    [InlineData("ec-1 ")]
    [InlineData("https://evil.example/jwks")]
    public void A_key_id_only_chooses_among_known_keys(string kid) =>
        Refused(AccessTokenFailure.UnknownKey, writer.Es256(Header(("kid", $"\"{kid}\""))));

    [Case(109)]
    [Fact]
    public void A_key_id_that_is_absent_overlong_or_no_text_is_refused()
    {
        Refused(AccessTokenFailure.UnknownKey, writer.Es256(Header(("kid", null))));
        Refused(AccessTokenFailure.UnknownKey, writer.Es256(Header(("kid", $"\"{new string('k', 3000)}\""))));
        foreach (var json in new[] { "1", "null", "true", "[\"ec-1\"]", "{\"ec-1\":1}" })
            Refused(AccessTokenFailure.Malformed, writer.Es256(Header(("kid", json))));
    }

    [Case(109)]
    [Fact]
    public void Ten_thousand_unknown_key_ids_cost_one_look_up_each()
    {
        var tokens = Enumerable.Range(0, 10_000).Select(i => $"{Encode(Header(("kid", $"\"k{i}\"")))}.{Encode("{}")}.AAAA").ToArray();
        var asked = writer.Keys.Asked;
        var watch = Stopwatch.StartNew();
        foreach (var token in tokens)
            Refused(AccessTokenFailure.UnknownKey, token);
        Assert.Equal(10_000, writer.Keys.Asked - asked);
        // Some microseconds each; a file, a query or a request each would not fit.
        Assert.InRange(watch.ElapsedMilliseconds, 0, 2_000);
    }

    [Case(109)]
    [Fact]
    public void A_key_that_the_token_brings_along_is_not_used()
    {
        using var stranger = new TokenWriter();
        var point = stranger.Ec.ExportParameters(includePrivateParameters: false).Q;
        var jwk = $$"""{"kty":"EC","crv":"P-256","kid":"own","x":"{{Base64Url.EncodeToString(point.X)}}","y":"{{Base64Url.EncodeToString(point.Y)}}"}""";
        (string, string)[] members =
        [
            ("jwk", jwk), ("jku", "\"http://127.0.0.1:9/jwks\""), ("x5u", "\"http://127.0.0.1:9/c.pem\""), ("x5c", "[\"MIIB\"]"), ("x5t", "\"AAAA\""),
        ];
        foreach (var member in members)
        {
            Refused(AccessTokenFailure.BadSignature, stranger.Es256(Header(member)));
            Refused(AccessTokenFailure.UnknownKey, stranger.Es256(Header(member, ("kid", "\"own\""))));
            Refused(AccessTokenFailure.UnknownKey, stranger.Es256(Header(member, ("kid", null))));
            Assert.True(writer.Verifier.Verify(writer.Es256(Header(member))).Succeeded, "A member that is not read changes nothing.");
        }
    }

    [Case(110)]
    [Theory]
    [InlineData("JWT")]
    [InlineData("id+jwt")]
    [InlineData("logout+jwt")]
    [InlineData("dpop+jwt")]
    [InlineData("client-authentication+jwt")]
    [InlineData("application/jwt")]
    [InlineData("at+jwt ")]
    [InlineData("at+jwt; x=1")]
    [InlineData("text/at+jwt")]
    [InlineData("")]
    public void Another_kind_of_token_is_refused(string type) => Refused(AccessTokenFailure.WrongType, writer.Es256(Header(("typ", $"\"{type}\""))));

    [Case(110)]
    [Fact]
    public void A_token_without_a_kind_is_refused()
    {
        Refused(AccessTokenFailure.WrongType, writer.Es256(Header(("typ", null))));
        Refused(AccessTokenFailure.Malformed, writer.Es256(Header(("typ", "[\"at+jwt\"]"))));
        Refused(AccessTokenFailure.WrongType, writer.Es256(Header(("typ", null), ("TYP", "\"at+jwt\""))));
    }

    [Case(110)]
    [Theory]
    [InlineData("at+jwt")]
    [InlineData("AT+JWT")]
    [InlineData("application/at+jwt")]
    [InlineData("Application/AT+jwt")]
    public void Media_types_have_no_case(string type) => Assert.True(writer.Verifier.Verify(writer.Es256(Header(("typ", $"\"{type}\"")))).Succeeded);

    [Theory]
    [InlineData("crit", "[\"exp\"]")]
    [InlineData("crit", "[]")]
    [InlineData("b64", "false")]
    [InlineData("b64", "true")]
    public void Extensions_that_change_the_meaning_are_refused(string name, string json) =>
        Refused(AccessTokenFailure.Malformed, writer.Es256(Header((name, json))));

    void Refused(AccessTokenFailure failure, string token)
    {
        var verification = writer.Verifier.Verify(token);
        Assert.Null(verification.Token);
        Assert.Equal(failure, verification.Failure);
    }
}
