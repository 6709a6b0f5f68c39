using System.Net;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Pages;

/// <summary>How long a browser stays signed in, by the clock of the database. A host of its own, since time moves for everybody on it.</summary>
public sealed class BrowserSessionTests(HostFixture host) : IClassFixture<HostFixture>
{
    [Fact]
    [Case(131)]
    public async Task Browser_that_stays_away_for_a_day_signs_in_again()
    {
        var tab = await SignedInAsync();
        try
        {
            await host.Clock.SetAsync(TimeSpan.FromHours(23));
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(tab));
            // It was seen a moment ago: the day begins anew, on both nodes.
            await host.Clock.SetAsync(TimeSpan.FromHours(46));
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(tab));
            await host.Clock.SetAsync(TimeSpan.FromHours(70.1));
            Assert.Equal(HttpStatusCode.SeeOther, await StatusAsync(tab));
            Assert.Equal(HttpStatusCode.SeeOther, await StatusAsync(tab));
        }
        finally
        {
            await host.Clock.SetAsync(TimeSpan.Zero);
        }
    }

    [Fact]
    [Case(131)]
    public async Task Browser_that_comes_back_every_day_signs_in_again_after_two_weeks()
    {
        var tab = await SignedInAsync();
        try
        {
            for (var hours = 20; hours < 14 * 24; hours += 20)
            {
                await host.Clock.SetAsync(TimeSpan.FromHours(hours));
                Assert.Equal(HttpStatusCode.OK, await StatusAsync(tab));
            }
            await host.Clock.SetAsync(TimeSpan.FromHours((14 * 24) + 0.1));
            Assert.Equal(HttpStatusCode.SeeOther, await StatusAsync(tab));
        }
        finally
        {
            await host.Clock.SetAsync(TimeSpan.Zero);
        }
    }

    [Fact]
    [Case(132)]
    public async Task Cookie_whose_name_is_percent_encoded_is_another_one()
    {
        var tab = await SignedInAsync();
        var good = tab.Cookies["identityhost"];
        tab.Cookies["%69dentityhost"] = "x";
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(tab));
        tab.Cookies.Remove("identityhost");
        tab.Cookies["%69dentityhost"] = good;
        Assert.Equal(HttpStatusCode.SeeOther, await StatusAsync(tab));
    }

    async Task<Tab> SignedInAsync()
    {
        var (username, _) = await host.Client.RegisterAsync();
        var tab = new Tab(host);
        using var answer = await tab.SignInAsync(username, BackChannel.Password);
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        return tab;
    }

    static async Task<HttpStatusCode> StatusAsync(Tab tab)
    {
        using var answer = await tab.GetAsync("/account");
        return answer.StatusCode;
    }
}
