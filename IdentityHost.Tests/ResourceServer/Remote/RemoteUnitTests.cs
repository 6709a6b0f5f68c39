using System.Text;
using System.Text.Json;
using IdentityHost.ResourceServer;
using IdentityHost.ResourceServer.Remote;
using IdentityHost.ResourceServer.Revocations;

namespace IdentityHost.Tests.ResourceServer.Remote;

/// <summary>The parts of the library that read what the issuer sends.</summary>
public sealed class RemoteUnitTests
{
    static readonly DateTimeOffset Time = DateTimeOffset.FromUnixTimeMilliseconds(1_800_000_000_000);

    /// <summary>However long an event waited on its way, the copy is as old as the time in it.</summary>
    [Fact]
    public void An_event_that_was_held_back_does_not_make_the_copy_young()
    {
        var asked = Instant.Now.Plus(TimeSpan.FromSeconds(-10));
        var clock = new FeedClock(asked);
        clock.MomentOf(Time);
        // Nine seconds have passed since the answer; the event says that only four have.
        var moment = clock.MomentOf(Time.AddSeconds(4))!.Value;
        Assert.InRange(moment.Since(asked), TimeSpan.FromSeconds(3.9), TimeSpan.FromSeconds(4.1));
        Assert.False(moment.IsWithin(RevokedTokens.Patience));
    }

    /// <summary>A first answer that took long makes the copy look as old as it may be.</summary>
    [Fact]
    public void The_first_time_counts_from_the_question()
    {
        var asked = Instant.Now.Plus(TimeSpan.FromSeconds(-1));
        Assert.Equal(asked.Timestamp, new FeedClock(asked).MomentOf(Time)!.Value.Timestamp, 10_000_000d);
    }

    [Fact]
    public void A_clock_that_jumps_is_noticed()
    {
        var clock = new FeedClock(Instant.Now);
        Assert.NotNull(clock.MomentOf(Time));
        Assert.NotNull(clock.MomentOf(Time.AddMilliseconds(100)));
        Assert.Null(clock.MomentOf(Time.AddHours(1)));
        // Back: the copy only looks old.
        Assert.False(clock.MomentOf(Time.AddHours(-1))!.Value.IsWithin(RevokedTokens.Patience));
    }

    [Theory]
    [InlineData("revoked", """{"rows":[{"kind":"planet","key":"x","at":1,"until":2}]}""")]
    [InlineData("revoked", """{"rows":[{"kind":"token","at":1,"until":2}]}""")]
    [InlineData("revoked", """{"rows":{}}""")]
    [InlineData("revoked", "not json")]
    [InlineData("time", """{"epoch":1}""")]
    [InlineData("time", """{"now":"soon","epoch":1}""")]
    public void What_is_not_understood_is_not_passed_over(string type, string data) =>
        Assert.Throws<InvalidDataException>(() => FeedMessage.Read(type, Encoding.UTF8.GetBytes(data)));

    /// <summary>An event that a later issuer may add says nothing about tokens.</summary>
    [Fact]
    public void Other_events_are_passed_over() => Assert.Empty(FeedMessage.Read("weather", "{}"u8).Rows);

    [Fact]
    public void Keys_that_sign_no_access_token_are_passed_over()
    {
        using var writer = new TokenWriter();
        var ec = writer.Ec.ExportParameters(includePrivateParameters: false);
        var (x, y) = (System.Buffers.Text.Base64Url.EncodeToString(ec.Q.X), System.Buffers.Text.Base64Url.EncodeToString(ec.Q.Y));
        using var document = JsonDocument.Parse(
            $$"""
            {"keys":[
              {"kty":"EC","crv":"P-256","kid":"good","alg":"ES256","use":"sig","x":"{{x}}","y":"{{y}}"},
              {"kty":"EC","crv":"P-256","kid":"good","alg":"ES256","use":"sig","x":"{{y}}","y":"{{x}}"},
              {"kty":"EC","crv":"P-256","kid":"enc","use":"enc","x":"{{x}}","y":"{{y}}"},
              {"kty":"EC","crv":"P-256","kid":"swapped","x":"{{y}}","y":"{{x}}"},
              {"kty":"EC","crv":"P-521","kid":"curve","x":"{{x}}","y":"{{y}}"},
              {"kty":"EC","crv":"P-256","x":"{{x}}","y":"{{y}}"},
              {"kty":"RSA","kid":"short","alg":"RS256","n":"{{x}}","e":"AQAB"},
              {"kty":"RSA","kid":"pss","alg":"PS256","n":"{{x}}","e":"AQAB"},
              {"kty":"oct","kid":"secret","k":"{{x}}"},
              "nothing", 7 ]}
            """);
        var read = KeyDocument.Read(document.RootElement, new Dictionary<string, AccessTokenKey>());
        Assert.Equal("good", Assert.Single(read.Values).KeyId);
        Assert.Same(read.Values.Single(), KeyDocument.Read(document.RootElement, read).Values.Single());
    }

    [Theory]
    [InlineData("""{"issuer":"https://evil.example.com","jwks_uri":"https://a/k","introspection_endpoint":"https://a/i","revocation_feed_endpoint":"https://a/f"}""")]
    [InlineData("""{"issuer":"https://id.example.com","jwks_uri":"http://a/k","introspection_endpoint":"https://a/i","revocation_feed_endpoint":"https://a/f"}""")]
    [InlineData("""{"issuer":"https://id.example.com","jwks_uri":"https://a/k","introspection_endpoint":"https://a/i"}""")]
    [InlineData("""{"jwks_uri":"https://a/k","introspection_endpoint":"https://a/i","revocation_feed_endpoint":"https://a/f"}""")]
    public void Another_issuers_document_is_not_believed(string text)
    {
        using var document = JsonDocument.Parse(text);
        Assert.Throws<IssuerException>(() => IssuerEndpoints.Read(document.RootElement, "https://id.example.com"));
    }
}
