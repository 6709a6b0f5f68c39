using IdentityHost.ResourceServer;
using static IdentityHost.Tests.ResourceServer.TokenWriter;

namespace IdentityHost.Tests.ResourceServer;

/// <summary>Claims under a good signature: for whom, from whom, from when until when (RFC 9068 §4, RFC 7519 §4.1).</summary>
public sealed class TokenClaimsTests(TokenWriter writer) : IClassFixture<TokenWriter>
{
    [Fact]
    public void Every_claim_is_read()
    {
        foreach (var text in new[] { writer.Es256(), writer.Rs256() })
        {
            var token = writer.Verifier.Verify(text).Token;
            Assert.NotNull(token);
            Assert.Equal(("42", "shop", "t-1", "s-1", "g-1"), (token.Subject, token.ClientId, token.TokenId, token.SessionId, token.GrantId));
            Assert.Equal((3, 2, 1), (token.UserEpoch, token.ApplicationEpoch, token.GlobalEpoch));
            Assert.Equal(["users:self", "orders"], token.Scopes.ToArray());
            Assert.Equal(["ADMIN"], token.Roles);
            Assert.Equal([Audience], token.Audiences);
            Assert.Equal((Now - 60, Now + 540), (token.IssuedAt.ToUnixTimeSeconds(), token.ExpiresAt.ToUnixTimeSeconds()));
        }
    }

    [Theory]
    [InlineData("scope")]
    [InlineData("sid")]
    [InlineData("gid")]
    [InlineData("uep")]
    [InlineData("aep")]
    [InlineData("gep")]
    [InlineData("roles")]
    public void Claims_that_only_some_tokens_have_may_be_absent(string claim) => Assert.True(Verify((claim, null)).Succeeded);

    [Fact]
    public void A_scope_is_a_whole_word()
    {
        var scopes = Verify().Token!.Scopes;
        Assert.True(scopes.Contains("orders") && scopes.Contains("users:self"));
        foreach (var other in new[] { "", " ", "order", "users", "Orders", "users:self orders", "rders" })
            Assert.False(scopes.Contains(other), other);
        Assert.True(Verify(("scope", null)).Token!.Scopes.IsEmpty);
    }

    [Case(112)]
    [Theory]
    [InlineData("iss")]
    [InlineData("aud")]
    [InlineData("sub")]
    [InlineData("client_id")]
    [InlineData("jti")]
    [InlineData("iat")]
    [InlineData("exp")]
    public void Required_claims_are_required(string claim)
    {
        Refused(AccessTokenFailure.MissingClaim, (claim, null));
        Refused(AccessTokenFailure.Malformed, (claim, "null"));
        Refused(AccessTokenFailure.Malformed, (claim, "{}"));
    }

    [Theory]
    [InlineData("sub")]
    [InlineData("client_id")]
    [InlineData("jti")]
    public void Required_claims_are_not_empty(string claim) => Refused(AccessTokenFailure.MissingClaim, (claim, "\"\""));

    [Case(111)]
    [Theory]
    [InlineData("\"https://other.example.com\"")]
    [InlineData("\"https://api.example.com/\"")]
    [InlineData("\"https://API.example.com\"")]
    [InlineData("\"\"")]
    [InlineData("[]")]
    [InlineData("[\"https://other.example.com\",\"https://api.example.com.evil.example\"]")]
    public void A_token_for_another_api_is_refused(string audience) => Refused(AccessTokenFailure.WrongAudience, ("aud", audience));

    [Case(111)]
    [Theory]
    [InlineData("[\"https://api.example.com\"]")]
    [InlineData("[\"https://other.example.com\",\"https://api.example.com\"]")]
    [InlineData("[\"https://api.example.com\",\"https://other.example.com\"]")]
    [InlineData("\"https:\\/\\/api.example.com\"")]
    public void A_token_for_us_among_others_is_accepted(string audience) => Assert.True(Verify(("aud", audience)).Succeeded);

    [Theory]
    [InlineData("1")]
    [InlineData("true")]
    [InlineData("[1]")]
    [InlineData("[\"https://api.example.com\",null]")]
    [InlineData("[[\"https://api.example.com\"]]")]
    public void An_audience_is_one_text_or_several(string audience) => Refused(AccessTokenFailure.Malformed, ("aud", audience));

    [Case(111)]
    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("https://id.example.com/")]
    [InlineData("https://ID.example.com")]
    [InlineData("HTTPS://id.example.com")]
    [InlineData("http://id.example.com")]
    [InlineData("https://id.example.com.evil.example")]
    [InlineData("https://id.example.com:443")]
    [InlineData(" https://id.example.com")]
    [InlineData("")]
    public void A_token_of_another_issuer_is_refused(string issuer) => Refused(AccessTokenFailure.WrongIssuer, ("iss", $"\"{issuer}\""));

    [Case(112)]
    [Theory]
    [InlineData("exp")]
    [InlineData("iat")]
    [InlineData("nbf")]
    public void A_time_is_whole_seconds_that_a_calendar_has(string claim)
    {
        foreach (var json in new[] { $"\"{Now + 60}\"", "NaN", "Infinity", "1e400", "1e9", "-1", $"{Now + 60}.5", $"{Now}.0", "true", "[1]", "9223372036854775807", "253402300800", "0x7fffffff", "01" })
            Refused(AccessTokenFailure.Malformed, (claim, json));
    }

    [Case(112)]
    [Fact]
    public void A_token_is_over_at_the_second_of_its_exp()
    {
        Refused(AccessTokenFailure.Expired, ("exp", $"{Now}"));
        Refused(AccessTokenFailure.Expired, ("exp", $"{Now - 1}"));
        Refused(AccessTokenFailure.Expired, ("exp", "0"), ("iat", "0"));
        Assert.True(Verify(("exp", $"{Now + 1}")).Succeeded);
    }

    [Fact]
    public void A_token_that_ends_before_it_begins_is_never_good() =>
        Refused(AccessTokenFailure.Expired, ("iat", $"{Now + 3}"), ("exp", $"{Now + 2}"));

    [Case(112)]
    [Fact]
    public void A_token_from_the_future_is_refused_beyond_what_clocks_differ()
    {
        Assert.True(Verify(("iat", $"{Now + 5}")).Succeeded);
        Refused(AccessTokenFailure.NotYetValid, ("iat", $"{Now + 6}"));
        Refused(AccessTokenFailure.NotYetValid, ("iat", "253402300798"), ("exp", "253402300799"));
    }

    [Case(112)]
    [Fact]
    public void A_token_is_not_good_before_its_nbf()
    {
        Assert.True(Verify(("nbf", $"{Now}")).Succeeded);
        Assert.True(Verify(("nbf", "0")).Succeeded);
        Refused(AccessTokenFailure.NotYetValid, ("nbf", $"{Now + 1}"));
        // Also where nbf is no later than iat: the leeway of iat is not nbf's.
        Refused(AccessTokenFailure.NotYetValid, ("nbf", $"{Now + 1}"), ("iat", $"{Now + 1}"));
        Refused(AccessTokenFailure.NotYetValid, ("nbf", "253402300799"));
    }

    [Case(112)]
    [Fact]
    public void A_token_that_outlives_the_memory_of_revocations_is_refused()
    {
        Assert.True(Verify(("iat", $"{Now}"), ("exp", $"{Now + 3600}")).Succeeded);
        Refused(AccessTokenFailure.LifetimeTooLong, ("iat", $"{Now}"), ("exp", $"{Now + 3601}"));
        Refused(AccessTokenFailure.LifetimeTooLong, ("iat", "0"));
        Refused(AccessTokenFailure.LifetimeTooLong, ("exp", "253402300799"));
    }

    [Fact]
    public void A_configured_skew_holds_for_exp_and_nbf()
    {
        using var lenient = new TokenWriter(TimeSpan.FromSeconds(5));
        Assert.True(lenient.Verifier.Verify(lenient.Es256(payload: Payload(("exp", $"{Now - 4}")))).Succeeded);
        Assert.False(lenient.Verifier.Verify(lenient.Es256(payload: Payload(("exp", $"{Now - 5}")))).Succeeded);
        Assert.True(lenient.Verifier.Verify(lenient.Es256(payload: Payload(("nbf", $"{Now + 5}")))).Succeeded);
        Assert.False(lenient.Verifier.Verify(lenient.Es256(payload: Payload(("nbf", $"{Now + 6}")))).Succeeded);
        // Its five seconds are not added to those that iat has anyway.
        Assert.False(lenient.Verifier.Verify(lenient.Es256(payload: Payload(("iat", $"{Now + 6}")))).Succeeded);
    }

    [Fact]
    public void A_token_bound_to_a_key_is_no_bearer_token() => Refused(AccessTokenFailure.SenderConstrained, ("cnf", "{\"jkt\":\"x\"}"));

    [Theory]
    [InlineData("uep", "-1")]
    [InlineData("aep", "1.5")]
    [InlineData("gep", "\"1\"")]
    [InlineData("uep", "4294967296")]
    [InlineData("scope", "[\"orders\"]")]
    [InlineData("roles", "\"ADMIN\"")]
    [InlineData("roles", "[{}]")]
    [InlineData("sid", "7")]
    public void Our_own_claims_have_one_type(string claim, string json) => Refused(AccessTokenFailure.Malformed, (claim, json));

    AccessTokenVerification Verify(params (string, string?)[] changes) => writer.Verifier.Verify(writer.Es256(payload: Payload(changes)));

    void Refused(AccessTokenFailure failure, params (string, string?)[] changes)
    {
        var verification = Verify(changes);
        Assert.Null(verification.Token);
        Assert.True(failure == verification.Failure, $"{Payload(changes)}: {verification.Failure}");
    }
}
