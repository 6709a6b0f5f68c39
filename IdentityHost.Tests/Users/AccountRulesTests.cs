using IdentityHost.Users;
using IdentityHost.Users.Api;

namespace IdentityHost.Tests.Users;

/// <summary>SECURITY.md 140, 176: one spelling for one account; ids are what we write.</summary>
public sealed class AccountRulesTests
{
    [Theory]
    [InlineData("аdmin")]
    [InlineData("ａdmin")]
    [InlineData("admın")]
    [InlineData("admi\u0301n")]
    [InlineData("ad")]
    [InlineData("a b c")]
    [InlineData("a@b")]
    [InlineData("")]
    [InlineData(null)]
    public void Username_LookAlikesAndOthers_AreRefused(string? username) => Assert.Equal("invalid_username", AccountRules.Username(username)?.Code);

    [Theory]
    [InlineData("Aan@EXAMPLE.com", "Aan@example.com")]
    [InlineData("a@x", "a@x")]
    [InlineData("a+b@bücher.example", "a+b@xn--bcher-kva.example")]
    [InlineData("a@ｅxample.com", "a@example.com")]
    public void Email_HasOneSpelling(string typed, string stored) => Assert.Equal(stored, EmailAddress.Canonical(typed));

    [Theory]
    [InlineData("a")]
    [InlineData("@x.com")]
    [InlineData("a@")]
    [InlineData("a@b@c.com")]
    [InlineData("аdmin@x.com")]
    [InlineData(".a@x.com")]
    [InlineData("a..b@x.com")]
    [InlineData("a b@x.com")]
    [InlineData("a@x.com\r\nBcc: b@y.com")]
    [InlineData("a@x\u0000.com")]
    [InlineData("a@-x.com")]
    [InlineData("a@x..com")]
    [InlineData("a@x.com.")]
    [InlineData("a＠x.com")]
    [InlineData("\"a\"@x.com")]
    [InlineData("a@[127.0.0.1]")]
    public void Email_Others_AreRefused(string typed) => Assert.Null(EmailAddress.Canonical(typed));

    [Fact]
    public void Email_Overlong_IsRefused() => Assert.Null(EmailAddress.Canonical("a@" + string.Join('.', Enumerable.Repeat(new string('x', 60), 5))));

    [Theory]
    [InlineData("1", 1L)]
    [InlineData("9223372036854775807", long.MaxValue)]
    [InlineData("0", null)]
    [InlineData("-1", null)]
    [InlineData("+1", null)]
    [InlineData("01", null)]
    [InlineData("9223372036854775808", null)]
    [InlineData("1e309", null)]
    [InlineData("1.0", null)]
    [InlineData(" 1", null)]
    [InlineData("..%2f", null)]
    [InlineData("demo-service", null)]
    public void AccountId_IsStrict(string text, long? id) => Assert.Equal(id, AccountId.Parse(text));

    [Fact]
    public void Numbers_KeepOneDecimalAndTheirRange()
    {
        Assert.Equal(58.3m, AccountRules.OneDecimal(58.25m));
        Assert.Null(AccountRules.Weight(0.1m));
        Assert.Null(AccountRules.Weight(1000m));
        Assert.Equal("invalid_weight", AccountRules.Weight(0.04m)?.Code);
        Assert.Equal("invalid_weight", AccountRules.Weight(1000.1m)?.Code);
        Assert.Equal("invalid_height", AccountRules.Height(301m)?.Code);
        Assert.Null(AccountRules.Weight(null));
    }
}
