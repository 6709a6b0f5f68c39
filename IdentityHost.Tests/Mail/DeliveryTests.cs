using System.Globalization;
using IdentityHost.Mail;
using IdentityHost.Tests.Support;
using Microsoft.Extensions.Options;

namespace IdentityHost.Tests.Mail;

/// <summary>Two nodes with a mail server that does what it is told.</summary>
public sealed class SmtpHost(TestPostgres postgres) : HostFixture(postgres)
{
    public FakeSmtp Smtp { get; } = new();

    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
    [
        new("Mail:Smtp:Host", "127.0.0.1"),
        new("Mail:Smtp:Port", Smtp.Port.ToString(CultureInfo.InvariantCulture)),
        new("Mail:Smtp:UseTls", "false"),
        new("Mail:Smtp:From", "IdentityHost <id@example.com>"),
        // Long enough that a busy machine does not take a quick server for a slow one, which rightly gets its mail twice.
        new("Mail:Smtp:Timeout", "00:00:20"),
    ];

    public override async ValueTask DisposeAsync()
    {
        await Smtp.DisposeAsync();
        await base.DisposeAsync();
    }
}

/// <summary>From the outbox to a mail server.</summary>
public sealed class DeliveryTests(SmtpHost host) : IClassFixture<SmtpHost>
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Registration_reaches_the_mailbox_and_its_link_works_and_is_kept_nowhere()
    {
        var (username, id, email) = await host.PersonAsync();
        await TakenAsync(email);
        var message = Assert.Single(host.Smtp.Taken, m => m.To == email).Message;
        Assert.Contains("From: \"IdentityHost\" <id@example.com>\r\n", message, StringComparison.Ordinal);
        Assert.Contains("Subject: Confirm your e-mail address\r\n", message, StringComparison.Ordinal);
        Assert.Contains("Auto-Submitted: auto-generated\r\n", message, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("multipart/alternative", message, StringComparison.Ordinal);
        Assert.True(message.IndexOf("text/plain", StringComparison.Ordinal) < message.IndexOf("text/html", StringComparison.Ordinal), "The last part is the one that is preferred.");

        await Eventually.TrueAsync(
            async () => await host.ScalarAsync<long>("""SELECT count(*) FROM mail WHERE "to" = $1 AND sent_at IS NOT NULL AND text = '' AND html = ''""", email) == 1, Patience);
        var text = message.Replace("=\r\n", "", StringComparison.Ordinal).Replace("=3D", "=", StringComparison.Ordinal);
        var link = text[text.IndexOf("/confirm-email?token=", StringComparison.Ordinal)..][..64];
        using (var confirmed = await new Tab(host).ConfirmAsync(link))
            Assert.Equal("/sign-in?notice=confirmed", confirmed.Headers.Location?.ToString());
        Assert.True(await host.ScalarAsync<bool>("SELECT email_confirmed FROM users WHERE id = $1", id));
        Assert.DoesNotContain(host.Nodes.SelectMany(n => n.Log.Lines), l => l.Contains(Mails.TokenOf(link), StringComparison.Ordinal));
        Assert.NotEmpty(username);
    }

    [Fact]
    public async Task What_is_refused_for_now_is_tried_again_later_and_what_is_refused_for_good_is_not()
    {
        var (later, gone, drop) = (await WriteAsync("later"), await WriteAsync("gone"), await WriteAsync("drop"));
        await ErrorAsync(later);
        await ErrorAsync(drop);
        await ErrorAsync(gone);
        Assert.Equal(1, await host.ScalarAsync<long>(
            """SELECT count(*) FROM mail WHERE "to" = $1 AND attempts = 1 AND text <> '' AND next_attempt_at BETWEEN identity_now() AND identity_now() + interval '10 seconds'""", later));
        Assert.Contains("451", await host.ScalarAsync<string>("""SELECT last_error FROM mail WHERE "to" = $1""", later), StringComparison.Ordinal);
        Assert.Equal(1, await host.ScalarAsync<long>("""SELECT count(*) FROM mail WHERE "to" = $1 AND next_attempt_at = 'infinity' AND text = '' AND html = ''""", gone));
        Assert.Contains("550", await host.ScalarAsync<string>("""SELECT last_error FROM mail WHERE "to" = $1""", gone), StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_a_day_of_refusals_it_is_given_up()
    {
        var later = await WriteAsync("later", attempts: 7);
        await Eventually.TrueAsync(
            async () => await host.ScalarAsync<long>("""SELECT count(*) FROM mail WHERE "to" = $1 AND attempts = 8 AND next_attempt_at = 'infinity' AND text = ''""", later) == 1, Patience);
    }

    [Fact]
    public async Task Slow_recipient_holds_up_nobody_and_is_tried_again()
    {
        var slow = await WriteAsync("slow");
        await Eventually.TrueAsync(() => Task.FromResult(host.Smtp.Asked.Contains(slow)), Patience);
        var quick = await WriteAsync("quick");
        await TakenAsync(quick);
        Assert.DoesNotContain(host.Smtp.Taken, m => m.To == slow);
        await ErrorAsync(slow);
        Assert.Contains("did not answer", await host.ScalarAsync<string>("""SELECT last_error FROM mail WHERE "to" = $1""", slow), StringComparison.Ordinal);
        host.Smtp.Hold.TrySetResult();
        await host.ExecuteAsync("""UPDATE mail SET next_attempt_at = identity_now() WHERE "to" = $1""", slow);
        await TakenAsync(slow);
    }

    [Fact]
    public async Task Two_nodes_at_once_send_each_mail_once()
    {
        var addresses = new List<string>();
        for (var i = 0; i < 30; i++)
            addresses.Add(await WriteAsync("many"));
        await Task.WhenAll(host.Nodes.Concat(host.Nodes).Select(n => n.Service<MailDelivery>().RunAsync(TestContext.Current.CancellationToken)));
        await Eventually.TrueAsync(() => Task.FromResult(addresses.TrueForAll(a => host.Smtp.Taken.Any(m => m.To == a))), Patience);
        Assert.All(addresses, a => Assert.Single(host.Smtp.Taken, m => m.To == a));
    }

    [Fact]
    public async Task Mail_of_a_node_that_died_is_sent_when_its_lease_has_run_out()
    {
        var address = await WriteAsync("lease", nextAttempt: "identity_now() + interval '2 minutes'");
        await host.Nodes[0].Service<MailDelivery>().RunAsync(TestContext.Current.CancellationToken);
        Assert.DoesNotContain(host.Smtp.Taken, m => m.To == address);
        await host.ExecuteAsync("""UPDATE mail SET next_attempt_at = identity_now() - interval '1 second' WHERE "to" = $1""", address);
        await TakenAsync(address);
    }

    [Fact]
    public async Task Nothing_is_sent_in_clear_where_TLS_is_wanted()
    {
        var sender = new SmtpSender(
            Options.Create(new SmtpOptions { Host = "127.0.0.1", Port = host.Smtp.Port, From = "id@example.com", UseTls = true }), host.Nodes[0].Service<Issuer>());
        var result = await sender.SendAsync(new OutgoingMail(1, "tls@example.com", "s", "t", "h", 1, default), TestContext.Current.CancellationToken);
        Assert.NotNull(result.Error);
        Assert.False(result.IsFinal);
        Assert.DoesNotContain("tls@example.com", host.Smtp.Asked);
    }

    [Theory]
    [InlineData("x@example.com\r\nBcc: victim@example.com", "Subject")]
    [InlineData("x@example.com", "Subject\r\nBcc: victim@example.com")]
    [InlineData("x@example.com", "Subject\nBcc: victim@example.com")]
    public async Task Line_break_in_a_header_is_refused_where_it_is_written_and_where_it_is_sent(string to, string subject)
    {
        using (var context = host.Nodes[0].Service<Microsoft.EntityFrameworkCore.IDbContextFactory<IdentityHost.Data.HostDbContext>>().CreateDbContext())
            Assert.Throws<InvalidOperationException>(() => context.AddMail(to, new MailContent(subject, "text", "html")));
        var sender = host.Nodes[0].Service<SmtpSender>();
        var result = await sender.SendAsync(new OutgoingMail(1, to, subject, "t", "h", 1, default), TestContext.Current.CancellationToken);
        Assert.True(result is { Error: not null, IsFinal: true });
        Assert.DoesNotContain(host.Smtp.Taken, m => m.Message.Contains("victim@", StringComparison.Ordinal));
        Assert.DoesNotContain(host.Smtp.Asked, a => a.StartsWith("victim@", StringComparison.Ordinal));
    }

    async Task<string> WriteAsync(string kind, int attempts = 0, string nextAttempt = "identity_now()")
    {
        var address = $"{kind}-{BackChannel.NewName()}@example.com";
        await host.ExecuteAsync(
            $"""INSERT INTO mail ("to", subject, text, html, attempts, created_at, next_attempt_at) VALUES ($1, 'Subject', 'text', '<p>html</p>', $2, identity_now(), {nextAttempt})""",
            address,
            attempts);
        return address;
    }

    Task TakenAsync(string address) => Eventually.TrueAsync(() => Task.FromResult(host.Smtp.Taken.Any(m => m.To == address)), Patience);

    Task ErrorAsync(string address) => Eventually.TrueAsync(
        async () => await host.ScalarAsync<long>("""SELECT count(*) FROM mail WHERE "to" = $1 AND last_error IS NOT NULL""", address) == 1, Patience);
}
