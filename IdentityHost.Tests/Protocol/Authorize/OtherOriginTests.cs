using System.Net;
using System.Net.Sockets;
using System.Text;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Authorize;

/// <summary>
/// The whole way in Chromium to an application on another origin: Chromium applies form-action to the redirects that follow a form, so a policy that
/// is too strict would stop people where they press the button.
/// </summary>
[Collection(AuthorizeHost.Name)]
public sealed class OtherOriginTests(AuthorizeHost host, Browser browser) : IClassFixture<Browser>
{
    [Theory]
    [InlineData("demo", "callback", true)]
    [InlineData(AuthorizeHost.Native, "cb", false)]
    [Case(193)]
    public async Task A_form_of_ours_ends_at_the_application(string client, string path, bool asked)
    {
        using var application = new TcpListener(IPAddress.Loopback, 0);
        application.Start();
        var serving = ServeAsync(application);
        var redirect = $"http://{application.LocalEndpoint}/{path}";
        var app = new RelyingParty(host, client, secret: null, redirect);
        var (username, _) = await host.Client.RegisterAsync();
        await using var context = await browser.OpenAsync(new() { Locale = "en" });
        var page = await context.NewPageAsync();
        var complaints = new List<string>();
        page.Console += (_, message) => complaints.Add(message.Text);
        await page.GotoAsync(new Uri(host.Nodes[0].Address, app.Address()).ToString());
        await page.FillAsync("#identifier", username);
        await page.FillAsync("#password", BackChannel.Password);
        await page.Keyboard.PressAsync("Enter");
        if (asked)
        {
            await page.WaitForURLAsync("**/consent?id=*");
            await page.ClickAsync("button:has-text(\"Allow\")");
        }
        await page.WaitForURLAsync(redirect + "?*");
        Assert.Equal("arrived", await page.TextContentAsync("body"));
        var members = RelyingParty.Members(new Uri(page.Url));
        Assert.Equal(app.State, members["state"]);
        await app.RedeemAsync(host.Client, members["code"]).GrantedAsync();
        Assert.Empty(complaints);
        application.Stop();
        await serving;
    }

    /// <summary>Answers every request alike, until the listener is stopped.</summary>
    static async Task ServeAsync(TcpListener listener)
    {
        const string Body = "<!DOCTYPE html><title>a</title><link rel=icon href=data:,><body>arrived";
        var answer = Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {Body.Length}\r\nConnection: close\r\n\r\n{Body}");
        try
        {
            while (true)
            {
                using var browser = await listener.AcceptTcpClientAsync();
                var stream = browser.GetStream();
                // A connection that the browser opens beforehand asks nothing.
                if (await stream.ReadAsync(new byte[16 * 1024]) > 0)
                    await stream.WriteAsync(answer);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or IOException)
        {
        }
    }
}
