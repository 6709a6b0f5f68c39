using System.Net;
using System.Text.RegularExpressions;

namespace IdentityHost.Tests.Support;

/// <summary>What a person finds in their mailbox: the outbox of a host that sends nothing.</summary>
public static partial class Mails
{
    /// <summary>How many mails went to the address.</summary>
    public static async Task<long> MailsToAsync(this HostFixture host, string address) =>
        await host.ScalarAsync<long>("""SELECT count(*) FROM mail WHERE "to" = $1""", address);

    /// <summary>The text of the newest mail to the address; fails the test where there is none.</summary>
    public static async Task<string> MailToAsync(this HostFixture host, string address)
    {
        var text = await host.ScalarAsync<string>("""SELECT text FROM mail WHERE "to" = $1 ORDER BY id DESC LIMIT 1""", address);
        Assert.NotNull(text);
        return text;
    }

    /// <summary>Path and query of the link in the newest mail to the address.</summary>
    public static async Task<string> LinkToAsync(this HostFixture host, string address)
    {
        var link = Link().Match(await host.MailToAsync(address)).Value;
        Assert.StartsWith(HostFixture.Issuer + "/", link, StringComparison.Ordinal);
        return link[HostFixture.Issuer.Length..];
    }

    /// <summary>The token of a link.</summary>
    public static string TokenOf(string link) => link.Split("token=")[1];

    /// <summary>A registered person: name, id, address.</summary>
    public static async Task<(string Username, long Id, string Email)> PersonAsync(this HostFixture host)
    {
        var (username, id) = await host.Client.RegisterAsync();
        return (username, id, $"{username}@example.com");
    }

    /// <summary>Asks for a link to choose a new password by, as somebody who has forgotten theirs.</summary>
    public static async Task<string> ForgetAsync(this HostFixture host, string email)
    {
        using (var asked = await new Tab(host).PostAsync("/forgot-password", "/forgot-password", ("email", email)))
            Assert.Equal((HttpStatusCode.SeeOther, "/look-in-mail?for=password"), (asked.StatusCode, asked.Headers.Location!.ToString()));
        return await host.LinkToAsync(email);
    }

    /// <summary>Opens the link, types a password and sends the form.</summary>
    public static Task<HttpResponseMessage> ResetAsync(this Tab tab, string link, string password) =>
        tab.PostAsync("/reset-password", link, ("token", TokenOf(link)), ("password", password));

    /// <summary>Opens the link and presses its button.</summary>
    public static Task<HttpResponseMessage> ConfirmAsync(this Tab tab, string link) => tab.PostAsync("/confirm-email", link, ("token", TokenOf(link)));

    [GeneratedRegex(@"https?://\S+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Link();
}
