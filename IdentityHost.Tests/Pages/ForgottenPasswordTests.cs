using System.Net;
using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.SignIn;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Pages;

/// <summary>A new password by the link that was mailed, over two nodes.</summary>
[Collection(SharedHost.Name)]
public sealed class ForgottenPasswordTests(HostFixture host)
{
    const string NewPassword = "seven bright stones";

    [Fact]
    public async Task New_password_signs_in_and_everything_older_is_dead()
    {
        var (username, id, email) = await host.PersonAsync();
        var token = await host.Client.AccessTokenAsync(username);
        var other = new Tab(host);
        using (await other.SignInAsync(username, BackChannel.Password))
        {
        }
        var link = await host.ForgetAsync(email);
        using (var done = await new Tab(host).ResetAsync(link, NewPassword))
            Assert.Equal((HttpStatusCode.SeeOther, "/sign-in?notice=reset"), (done.StatusCode, done.Headers.Location?.ToString()));

        await host.EventuallyRefusedAsync(token);
        for (var node = 0; node < 2; node++)
        {
            using (var out_ = await other.GetAsync("/account"))
                Assert.Equal(HttpStatusCode.SeeOther, out_.StatusCode);
            using (var old = await new Tab(host).SignInAsync(username, BackChannel.Password))
                Assert.Equal(HttpStatusCode.BadRequest, old.StatusCode);
            using var now = await new Tab(host).SignInAsync(username, NewPassword);
            Assert.Equal(HttpStatusCode.SeeOther, now.StatusCode);
        }
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM grants WHERE user_id = $1 AND ended_at IS NULL", id));
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'password_changed' AND subject_id = $1", id));
        Assert.Contains("was changed just now", await host.MailToAsync(email), StringComparison.Ordinal);
        Assert.Contains("Sign in with the new one", await new Tab(host).TextAsync("/sign-in?notice=reset"), StringComparison.Ordinal);
    }

    [Fact]
    [Case(136)]
    [Case(143)]
    public async Task Link_works_once_however_many_try_at_once()
    {
        var (username, id, email) = await host.PersonAsync();
        var link = await host.ForgetAsync(email);
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(async i =>
        {
            using var answer = await new Tab(host).ResetAsync(link, $"{NewPassword} {i}");
            return (i, answer.StatusCode);
        }));
        var winner = Assert.Single(answers, a => a.StatusCode == HttpStatusCode.SeeOther).i;
        using (var again = await new Tab(host).ResetAsync(link, NewPassword))
        {
            Assert.Equal(HttpStatusCode.BadRequest, again.StatusCode);
            Assert.Contains("This link does not work", await again.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
        using var signedIn = await new Tab(host).SignInAsync(username, $"{NewPassword} {winner}");
        Assert.Equal(HttpStatusCode.SeeOther, signedIn.StatusCode);
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'password_changed' AND subject_id = $1", id));
    }

    [Theory]
    [Case(136)]
    [Case(143)]
    [InlineData("none")]
    [InlineData("empty")]
    [InlineData("made up")]
    [InlineData("cut")]
    [InlineData("other purpose")]
    [InlineData("expired")]
    [InlineData("older than the password")]
    [InlineData("of an address they had")]
    [InlineData("of somebody disabled")]
    public async Task Link_that_is_no_good_changes_nothing(string kind)
    {
        var (username, id, email) = await host.PersonAsync();
        var confirm = await host.LinkToAsync(email);
        var link = await host.ForgetAsync(email);
        var token = kind switch
        {
            "none" => null,
            "empty" => "",
            "made up" => new string('A', 43),
            "cut" => Mails.TokenOf(link)[..42],
            "other purpose" => Mails.TokenOf(confirm),
            _ => Mails.TokenOf(link),
        };
        var change = kind switch
        {
            "expired" => "UPDATE account_tokens SET expires_at = identity_now() - interval '1 second' WHERE user_id = $1",
            "of an address they had" => "UPDATE users SET email = 'moved-' || email, normalized_email = 'MOVED-' || normalized_email WHERE id = $1",
            "of somebody disabled" => "UPDATE users SET status = false WHERE id = $1",
            _ => null,
        };
        if (change is not null)
            await host.ExecuteAsync(change, id);
        if (kind == "older than the password")
        {
            await host.ExecuteAsync("UPDATE users SET must_change_password = true WHERE id = $1", id);
            await host.Client.PasswordGrantAsync(username, BackChannel.Password, ("new_password", "chosen in between")).GrantedAsync();
        }
        var hash = await host.ScalarAsync<string>("SELECT password_hash FROM users WHERE id = $1", id);

        var tab = new Tab(host);
        var form = new List<(string, string)> { ("password", NewPassword), ("__RequestVerificationToken", await tab.FormTokenAsync("/forgot-password")) };
        if (token is not null)
            form.Add(("token", token));
        for (var node = 0; node < 2; node++)
        {
            using var answer = await tab.SendAsync(HttpMethod.Post, "/reset-password", [.. form]);
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.Contains("This link does not work", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
        Assert.Equal(hash, await host.ScalarAsync<string>("SELECT password_hash FROM users WHERE id = $1", id));
    }

    [Fact]
    [Case(136)]
    public async Task Link_changes_its_own_persons_password_whoever_is_signed_in()
    {
        var (victim, victimId, _) = await host.PersonAsync();
        var (_, _, email) = await host.PersonAsync();
        var link = await host.ForgetAsync(email);
        var tab = new Tab(host);
        using (await tab.SignInAsync(victim, BackChannel.Password))
        {
        }
        using (await tab.PostAsync("/reset-password", link, ("token", Mails.TokenOf(link)), ("password", NewPassword), ("user_id", $"{victimId}"), ("email", $"{victim}@example.com")))
        {
        }
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'password_changed' AND subject_id = $1", victimId));
    }

    [Theory]
    [Case(137)]
    [InlineData("Host", "evil.example")]
    [InlineData("X-Forwarded-Host", "evil.example")]
    [InlineData("Forwarded", "host=evil.example")]
    [InlineData("X-Forwarded-Proto", "gopher")]
    public async Task Link_begins_with_the_issuer_whatever_the_request_says(string header, string value)
    {
        var (_, _, email) = await host.PersonAsync();
        var tab = new Tab(host);
        var form = await tab.FormTokenAsync("/forgot-password");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/forgot-password")
        {
            Content = new FormUrlEncodedContent([new("email", email), new("__RequestVerificationToken", form)]),
        };
        request.Headers.TryAddWithoutValidation("Cookie", string.Join("; ", tab.Cookies.Select(c => $"{c.Key}={c.Value}")));
        request.Headers.TryAddWithoutValidation(header, value);
        using (await host.Client.SendAsync(request))
        {
        }
        var mail = await host.ScalarAsync<string>("""SELECT text || html FROM mail WHERE "to" = $1 ORDER BY id DESC LIMIT 1""", email);
        Assert.Contains($"{HostFixture.Issuer}/", mail, StringComparison.Ordinal);
        Assert.DoesNotContain("evil", mail, StringComparison.Ordinal);
        Assert.DoesNotContain("gopher", mail, StringComparison.Ordinal);
    }

    [Fact]
    [Case(135)]
    public async Task Answer_is_the_same_whether_the_address_is_known()
    {
        var (_, _, known) = await host.PersonAsync();
        var (_, disabledId, disabled) = await host.PersonAsync();
        await host.ExecuteAsync("UPDATE users SET status = false WHERE id = $1", disabledId);
        var answers = new HashSet<string>(StringComparer.Ordinal);
        foreach (var email in new[] { known, $"{BackChannel.NewName()}@example.com", disabled, known.ToUpperInvariant() })
        {
            using var answer = await new Tab(host).PostAsync("/forgot-password", "/forgot-password", ("email", email));
            answers.Add($"{answer.StatusCode} {answer.Headers.Location} {await answer.Content.ReadAsStringAsync()} "
                + string.Join(';', answer.Headers.Where(h => h.Key != "Date").Select(h => h.Key)));
        }
        Assert.Single(answers);
        // The one of the registration, and two links; the disabled one gets nothing more.
        Assert.Equal((3, 1), (await host.MailsToAsync(known), await host.MailsToAsync(disabled)));
    }

    [Fact]
    [Case(135)]
    public async Task At_most_three_mails_an_hour_go_to_one_address_also_when_all_ask_at_once()
    {
        var (_, id, email) = await host.PersonAsync();
        var before = await host.MailsToAsync(email);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            using var answer = await new Tab(host).PostAsync("/forgot-password", "/forgot-password", ("email", email));
            Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        }));
        Assert.Equal(3, await host.MailsToAsync(email) - before);
        await host.ExecuteAsync("UPDATE account_tokens SET created_at = created_at - interval '61 minutes' WHERE user_id = $1", id);
        await host.ForgetAsync(email);
        Assert.Equal(4, await host.MailsToAsync(email) - before);
    }

    [Fact]
    [Case(146)]
    public async Task Common_short_and_own_name_are_refused_and_use_nothing_up()
    {
        var (username, _, email) = await host.PersonAsync();
        var link = await host.ForgetAsync(email);
        var tab = new Tab(host);
        foreach (var wish in new[] { "password123", "short", $"{username}1", "identityhost99", "" })
        {
            using var refused = await tab.ResetAsync(link, wish);
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
            Assert.Contains("id=\"password-flaw\"", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
        using var done = await tab.ResetAsync(link, NewPassword);
        Assert.Equal(HttpStatusCode.SeeOther, done.StatusCode);
    }

    [Fact]
    public async Task Person_without_a_password_gets_one_by_the_link()
    {
        var (username, id, email) = await host.PersonAsync();
        await host.ExecuteAsync("UPDATE users SET password_hash = NULL, password_origin = 0 WHERE id = $1", id);
        using (var done = await new Tab(host).ResetAsync(await host.ForgetAsync(email), NewPassword))
            Assert.Equal(HttpStatusCode.SeeOther, done.StatusCode);
        await host.Client.PasswordGrantAsync(username, NewPassword).GrantedAsync();
        Assert.Equal(1, await host.ScalarAsync<short>("SELECT password_origin FROM users WHERE id = $1", id));
    }

    [Fact]
    public async Task Opening_the_page_uses_nothing_up_and_tells_nobody_the_token()
    {
        var (_, _, email) = await host.PersonAsync();
        var link = await host.ForgetAsync(email);
        using (var opened = await new Tab(host).GetAsync(link))
        {
            Assert.Equal("no-referrer", Assert.Single(opened.Headers.GetValues("Referrer-Policy")));
            Assert.True(opened.Headers.CacheControl?.NoStore);
        }
        using (var done = await new Tab(host).ResetAsync(link, NewPassword))
            Assert.Equal(HttpStatusCode.SeeOther, done.StatusCode);
        Assert.DoesNotContain(host.Nodes.SelectMany(n => n.Log.Lines), l => l.Contains(Mails.TokenOf(link), StringComparison.Ordinal));
    }
}

/// <summary>Nobody measures who has an account.</summary>
[Collection(Alone.Name)]
public sealed class ForgottenPasswordTimingTests(FullCostHost host) : IClassFixture<FullCostHost>
{
    [Fact]
    [Case(135)]
    public async Task Known_and_unknown_address_take_the_same_time()
    {
        var (_, id, known) = await host.PersonAsync();
        var tab = new Tab(host);
        var form = await tab.FormTokenAsync("/forgot-password");
        await Timing.AssertSameAsync(
            [
                ("known", async () =>
                {
                    await AskAsync(known);
                }),
                ("unknown", () => AskAsync("nobody-" + known)),
            ],
            samples: 40,
            promised: 0.25);
        Assert.Equal(3, await host.ScalarAsync<long>("SELECT count(*) FROM account_tokens WHERE user_id = $1 AND purpose = 1", id));

        async Task AskAsync(string email)
        {
            using var answer = await tab.SendAsync(HttpMethod.Post, "/forgot-password", [("email", email), ("__RequestVerificationToken", form)]);
            Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        }
    }
}
