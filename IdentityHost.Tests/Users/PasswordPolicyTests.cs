using IdentityHost.Users.Passwords;
using Microsoft.Extensions.Options;

namespace IdentityHost.Tests.Users;

/// <summary>SECURITY.md 145, 146, 204: length and guessability decide, nothing else.</summary>
public sealed class PasswordPolicyTests
{
    readonly PasswordPolicy _policy = new(Options.Create(new PasswordsOptions()), new Branding("Acme Cloud"));

    [Theory]
    [InlineData("Passw0rd123")]
    [InlineData("kingofkinglessworld")]
    [InlineData("vmqtzr b")]
    [InlineData("kx wq 🦜 zt p")]
    [InlineData("🦜🦚🦩🦢🦜🦚🦩🦢")]
    [InlineData("nodigitnoupper")]
    public void Check_LongEnoughAndUncommon_Passes(string password) =>
        Assert.Equal(PasswordFlaw.None, _policy.Check(password, "aan", "aan@example.com"));

    [Fact]
    public void Check_LengthIsCountedInCodePoints()
    {
        Assert.Equal(PasswordFlaw.TooShort, _policy.Check("vmqtzrb", null, null));
        Assert.Equal(PasswordFlaw.TooShort, _policy.Check("🦜🦚🦩🦢🦜🦚🦩", null, null));
        Assert.Equal(PasswordFlaw.None, _policy.Check(string.Concat(Enumerable.Repeat("🦜🦚", 64)), null, null));
        Assert.Equal(PasswordFlaw.TooLong, _policy.Check(new string('x', 129), null, null));
        Assert.Equal(PasswordFlaw.TooLong, _policy.Check(new string('x', 1_000_000), null, null));
    }

    [Theory]
    [InlineData("password1")]
    [InlineData("PASSWORD123")]
    [InlineData("rahasia123")]
    [InlineData("qwertyuiop")]
    public void Check_FirstGuesses_AreRefused(string password) => Assert.Equal(PasswordFlaw.Common, _policy.Check(password, null, null));

    [Theory]
    [InlineData("identityhost")]
    [InlineData("Identity-Host 2026!")]
    [InlineData("1dent1tyh0st")]
    [InlineData("marlowe1987")]
    [InlineData("M4rl0we!!xy")]
    [InlineData("ewolram2026")]
    [InlineData("acme-cloud-1")]
    [InlineData("Acm3Cl0ud!")]
    [InlineData("postbox.kim99")]
    public void Check_BuiltFromNames_IsRefused(string password) =>
        Assert.Equal(PasswordFlaw.BuiltFromName, _policy.Check(password, "marlowe", "postbox.kim@example.com"));

    [Fact]
    public void Check_NameBesideEnoughElse_Passes() =>
        Assert.Equal(PasswordFlaw.None, _policy.Check("marlowe eats gravel", "marlowe", null));

    [Fact]
    public void Check_NoText_IsRefused()
    {
        // Not as attribute data: that is stored as UTF-8, which has no half surrogates.
        foreach (var password in new[] { "abc\0defghijk", "abcdefgh\ud800", "\udc00abcdefghijk" })
            Assert.Equal(PasswordFlaw.Malformed, _policy.Check(password, null, null));
    }

    [Fact]
    public void Check_SeedPasswords_PassWhenTheirSettingsAreSet()
    {
        Assert.True(CommonPasswords.Contains("oda123"));
        Assert.True(CommonPasswords.Contains("rahasia"));
        var relaxed = new PasswordPolicy(Options.Create(new PasswordsOptions { MinimumLength = 6, RefuseCommon = false }), Branding.Default);
        Assert.Equal(PasswordFlaw.None, relaxed.Check("oda123", "oda", "oda@mail.com"));
        Assert.Equal(PasswordFlaw.None, relaxed.Check("rahasia", "fzsptr", null));
    }

    [Fact]
    public void GeneratedPassword_IsAlwaysAccepted()
    {
        var made = Enumerable.Range(0, 200).Select(_ => GeneratedPassword.New(8)).ToList();
        Assert.Equal(200, made.Distinct().Count());
        Assert.All(made, p => Assert.Equal(PasswordFlaw.None, _policy.Check(p, "admin", "admin@example.com")));
    }

    [Fact]
    public void Options_OutOfRange_NameKeyValueAndFix()
    {
        var result = new PasswordsOptionsCheck().Validate(null, new PasswordsOptions { Iterations = 10, HashingConcurrency = 0 });
        Assert.True(result.Failed);
        Assert.Contains("Passwords:Iterations is 10", result.FailureMessage);
        Assert.Contains("Passwords:HashingConcurrency is 0", result.FailureMessage);
    }
}
