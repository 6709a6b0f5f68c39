using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using IdentityHost.Mail;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Mail;

/// <summary>The words of the mails.</summary>
[Collection(SharedHost.Name)]
public sealed partial class TemplateTests(HostFixture host)
{
    const string Hostile = "<img src=https://evil.example/x>\"'&";

    [Theory]
    [CombinatorialKinds]
    public void Mail_is_small_loads_nothing_and_leads_only_to_the_issuer(string kind, string language)
    {
        var mail = host.Nodes[0].Service<MailTemplates>().Render(
            Enum.Parse<MailKind>(kind), "/reset-password?token=abc&x=<b>", CultureInfo.GetCultureInfo(language), Hostile);
        Assert.InRange(Encoding.UTF8.GetByteCount(mail.Html) + Encoding.UTF8.GetByteCount(mail.Text), 200, 20_000);
        Assert.InRange(mail.Subject.Length, 10, 200);
        Assert.DoesNotContain(mail.Subject, char.IsControl);
        Assert.Contains($"{HostFixture.Issuer}/reset-password?token=abc&x=<b>\r\n", mail.Text, StringComparison.Ordinal);

        Assert.DoesNotContain("<img", mail.Html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<b>", mail.Html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotMatch("(?i)<(script|link|style|iframe|img|object)|url\\(|@import|<[^>]* src=", mail.Html);
        Assert.All(Href().Matches(mail.Html), m => Assert.StartsWith(HostFixture.Issuer + "/", m.Groups["to"].Value, StringComparison.Ordinal));
        Assert.NotEmpty(Href().Matches(mail.Html));
        Assert.Contains($"<html lang=\"{language}\">", mail.Html, StringComparison.Ordinal);
        // Whatever stood for a placeholder was filled in.
        Assert.DoesNotMatch("\\{\\d", mail.Text);
    }

    [Fact]
    public void Languages_differ_and_an_unknown_one_is_English()
    {
        var templates = host.Nodes[0].Service<MailTemplates>();
        var subjects = new[] { "en", "id", "fr" }.Select(l => templates.Render(MailKind.ResetPassword, "/x", CultureInfo.GetCultureInfo(l)).Subject).ToList();
        Assert.Equal(["Choose a new password", "Pilih kata sandi baru", "Choose a new password"], subjects);
    }

    [GeneratedRegex("href=\"(?<to>[^\"]*)\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Href();
}

/// <summary>Every mail in both languages.</summary>
sealed class CombinatorialKindsAttribute : Xunit.v3.DataAttribute
{
    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(System.Reflection.MethodInfo testMethod, Xunit.Sdk.DisposalTracker disposalTracker) =>
        new([.. from kind in Enum.GetNames<MailKind>() from language in new[] { "en", "id" } select new TheoryDataRow(kind, language)]);

    public override bool SupportsDiscoveryEnumeration() => true;
}
