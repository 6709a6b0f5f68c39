using System.Net;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Mail;

/// <summary>A host outside Development that was given no mail server.</summary>
public sealed class NoMailHost(TestPostgres postgres) : HostFixture(postgres)
{
    protected override int NodeCount => 1;

    protected override string EnvironmentName => "Production";

    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
        [new("Issuer", "https://id.example.com"), new("DataProtection:AllowUnwrapped", "true")];
}

/// <summary>Nothing pretends that a mail is on its way.</summary>
public sealed class NoMailTests(NoMailHost host) : IClassFixture<NoMailHost>
{
    [Fact]
    public void Start_says_what_does_not_work_and_how_to_mend_it() => Assert.Contains(
        host.Nodes[0].Log.Lines,
        l => l.StartsWith("Warning", StringComparison.Ordinal) && l.Contains("Mail:Smtp:Host is not set", StringComparison.Ordinal));

    [Theory]
    [InlineData("/forgot-password", HttpStatusCode.ServiceUnavailable, "cannot send mail")]
    [InlineData("/confirm-email/again", HttpStatusCode.ServiceUnavailable, "cannot send mail")]
    [InlineData("/dev/mail", HttpStatusCode.NotFound, "There is no page here")]
    public async Task Page_says_so(string path, HttpStatusCode status, string text)
    {
        using var answer = await new Tab(host).GetAsync(path);
        Assert.Equal(status, answer.StatusCode);
        var page = await answer.Content.ReadAsStringAsync();
        Assert.Contains(text, page, StringComparison.Ordinal);
        Assert.DoesNotContain("<form", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Registration_works_and_writes_no_mail()
    {
        await host.Client.RegisterAsync();
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT (SELECT count(*) FROM mail) + (SELECT count(*) FROM account_tokens)"));
    }
}
