using System.Buffers.Text;
using System.Diagnostics;
using System.Text;
using IdentityHost.ResourceServer;
using static IdentityHost.Tests.ResourceServer.TokenWriter;

namespace IdentityHost.Tests.ResourceServer;

/// <summary>Texts of another shape than three canonical segments of sound JSON, all but the outermost signed well, so that only the shape refuses.</summary>
public sealed class TokenShapeTests(TokenWriter writer) : IClassFixture<TokenWriter>
{
    [Case(113)]
    [Fact]
    public void A_huge_or_encrypted_token_is_refused_at_once()
    {
        var token = writer.Es256();
        var claims = string.Concat(Enumerable.Range(0, 10_000).Select(i => $",\"c{i}\":1"));
        string[] texts =
        [
            $"{Encode("""{"alg":"RSA-OAEP","enc":"A256GCM","zip":"DEF","typ":"at+jwt","kid":"rsa-1"}""")}.{new string('A', 342)}.AAAA.{new string('A', 4000)}.AAAA",
            $"{token}.AAAA.AAAA",
            writer.Es256(payload: Payload()[..^1] + claims + "}"),
            writer.Es256(Header()[..^1] + claims + "}"),
            writer.Es256(payload: Payload(("x", $"\"{new string('x', 1 << 20)}\""))),
            new('A', 1 << 20),
            new('.', 1 << 20),
            new('.', 8 * 1024),
            $"{Encode(new string('[', 4000))}.AAAA.AAAA",
            $"{Encode("{\"a\":" + new string('[', 3900))}.AAAA.AAAA",
        ];
        foreach (var text in texts)
        {
            var fastest = TimeSpan.MaxValue;
            // The least of three: the machine may be busy, the verifier may not.
            for (var i = 0; i < 3; i++)
            {
                var started = Stopwatch.GetTimestamp();
                Assert.Equal(AccessTokenFailure.Malformed, writer.Verifier.Verify(text).Failure);
                var took = Stopwatch.GetElapsedTime(started);
                fastest = took < fastest ? took : fastest;
            }
            Assert.InRange(fastest.TotalMilliseconds, 0, 50);
        }
    }

    [Case(113)]
    [Fact]
    public void Eight_kilobytes_are_read_and_one_character_more_is_not()
    {
        var room = AccessTokenVerifier.MaximumTokenLength - writer.Es256(payload: Payload(("x", "\"\""))).Length;
        string[] texts = [.. Enumerable.Range(room * 3 / 4 - 4, 9).Select(n => writer.Es256(payload: Payload(("x", $"\"{new string('x', n)}\""))))];
        var longest = texts.Last(t => t.Length <= AccessTokenVerifier.MaximumTokenLength);
        Assert.InRange(longest.Length, AccessTokenVerifier.MaximumTokenLength - 1, AccessTokenVerifier.MaximumTokenLength);
        foreach (var text in texts)
            Assert.Equal(text.Length <= AccessTokenVerifier.MaximumTokenLength, writer.Verifier.Verify(text).Succeeded);
        Assert.Contains(texts, t => t.Length > AccessTokenVerifier.MaximumTokenLength);
    }

    [Fact]
    public void A_member_that_is_there_twice_is_refused()
    {
        string[] headers = [Twice(Header(), "\"alg\":\"ES256\""), Twice(Header(), "\"kid\":\"ec-1\""), Twice(Header(), "\"typ\":\"JWT\""), Twice(Header(("x", "1")), "\"x\":1")];
        string[] payloads =
        [
            Twice(Payload(), "\"sub\":\"1\""), Twice(Payload(), "\"exp\":1"), Twice(Payload(), "\"aud\":\"x\""), Twice(Payload(("x", "1")), "\"x\":1"),
            Payload(("x", "{\"a\":1,\"a\":2}")), Payload(("x", "[{\"b\":{\"a\":1,\"c\":1,\"a\":2}}]")), Payload(("x", "{\"a\":1,\"b\":{\"a\":1},\"a\":2}")),
        ];
        foreach (var header in headers)
            Malformed(writer.Es256(header));
        foreach (var payload in payloads)
            Malformed(writer.Es256(payload: payload));
        static string Twice(string json, string member) => $"{json[..^1]},{member}}}";
    }

    [Fact]
    public void Equal_names_in_different_objects_are_no_duplicates() =>
        Assert.True(writer.Verifier.Verify(writer.Es256(payload: Payload(("x", "[{\"sub\":1},{\"sub\":2,\"y\":{\"sub\":3}},{\"sub\":4}]"), ("y", "{\"exp\":1}")))).Succeeded);

    [Fact]
    public void An_escaped_name_could_be_a_duplicate_in_disguise_and_is_refused()
    {
        Malformed(writer.Es256(payload: Payload(("s\\u0075b", "\"1\""))));
        Malformed(writer.Es256(payload: Payload(("x", "{\"\\u0061\":1}"))));
        Malformed(writer.Es256(Header(("\\u0061lg", "\"none\""))));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"text\"")]
    [InlineData("{")]
    [InlineData("{}{}")]
    [InlineData("{} x")]
    [InlineData("\uFEFF{}")]
    [InlineData("{\"a\":1,}")]
    [InlineData("{/**/}")]
    [InlineData("{'a':1}")]
    [InlineData("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}")]
    public void A_segment_is_one_flat_object(string json)
    {
        Malformed(writer.Es256(json));
        // The payload has what is required, so that only the defect can refuse.
        var defect = json is "" or "[]" or "null" or "\"text\"" or "{" ? json : json.Replace("{}", Payload(), StringComparison.Ordinal);
        Malformed(writer.Es256(payload: json.StartsWith("{\"a\"", StringComparison.Ordinal) ? $"{Payload()[..^1]},{json[1..]}" : defect));
    }

    [Fact]
    public void Text_that_is_not_UTF8_or_no_character_is_refused()
    {
        foreach (var bad in new byte[][] { [0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xe2, 0x82] })
        {
            byte[] payload = [.. Encoding.UTF8.GetBytes(Payload()[..^1] + ",\"x\":\""), .. bad, .. "\"}"u8];
            Malformed(Join(Encode(Header()), Base64Url.EncodeToString(payload), writer.EcSignature));
        }
        Malformed(writer.Es256(payload: Payload(("sub", "\"\\ud800\""))));
        Malformed(writer.Es256(payload: Payload(("roles", "[\"\\udc00\"]"))));
        Malformed(writer.Es256(Header(("kid", "\"\\ud800\""))));
    }

    [Fact]
    public void Each_segment_has_one_spelling()
    {
        var token = writer.Es256(payload: Payload(("x", "\"1\"")));
        Assert.True(writer.Verifier.Verify(token).Succeeded);
        var (header, payload) = (Encode(Header()), Encode(Payload()));
        foreach (var suffix in new[] { "=", "==", " ", "\n", "\t", "\0", "+", "/", ".", "A", "\u00e9" })
        {
            Refused(token + suffix);
            Refused(suffix + token);
            // The issuer's own hand would have to have signed it so, and still.
            Refused(Join(header + suffix, payload, writer.EcSignature));
            Refused(Join(header, payload + suffix, writer.EcSignature));
            Refused(Join(header.Insert(4, suffix), payload, writer.EcSignature));
        }
        Refused(token.Replace('.', ','));
        Refused("");
        Refused(".");
        Refused("..");
        Refused($"{header}..{token.Split('.')[2]}");
        Refused($".{payload}.{token.Split('.')[2]}");
    }

    [Fact]
    public void The_unused_bits_of_a_segment_are_zero()
    {
        const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        // 64 bytes of signature leave four bits over: fifteen other spellings of the same bytes.
        var token = writer.Es256();
        var last = Alphabet.IndexOf(token[^1], StringComparison.Ordinal);
        Assert.Equal(0, last % 16);
        for (var i = 1; i < 16; i++)
            Malformed(token[..^1] + Alphabet[last + i]);
        foreach (var filler in new[] { "", "x", "xx" })
        {
            var payload = Encode(Payload(("x", $"\"{filler}\"")));
            Assert.True(writer.Verifier.Verify(Join(Encode(Header()), payload, writer.EcSignature)).Succeeded);
            if (payload.Length % 4 != 0)
                Malformed(Join(Encode(Header()), payload[..^1] + Alphabet[Alphabet.IndexOf(payload[^1], StringComparison.Ordinal) + 1], writer.EcSignature));
        }
    }

    void Malformed(string token) => Assert.Equal(AccessTokenFailure.Malformed, writer.Verifier.Verify(token).Failure);

    void Refused(string token) => Assert.False(writer.Verifier.Verify(token).Succeeded, token);
}
