using System.Net;
using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.SignIn;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Pages;

/// <summary>Signing up by the page.</summary>
[Collection(SharedHost.Name)]
public sealed class SignUpTests(HostFixture host)
{
    [Fact]
    public async Task New_person_is_signed_in_at_once_and_their_address_is_confirmed_by_the_link()
    {
        var name = BackChannel.NewName();
        var tab = new Tab(host);
        using (var answer = await SignUpAsync(tab, name, $"{name}@example.com", BackChannel.Password))
            Assert.Equal((HttpStatusCode.SeeOther, "/account"), (answer.StatusCode, answer.Headers.Location?.ToString()));
        Assert.Contains("not confirmed", await tab.TextAsync("/account"), StringComparison.Ordinal);

        var link = await host.LinkToAsync($"{name}@example.com");
        // A program that scans mail opens the link.
        for (var node = 0; node < 2; node++)
            Assert.Contains("Is this address yours?", await new Tab(host).TextAsync(link), StringComparison.Ordinal);
        Assert.False(await host.ScalarAsync<bool>("SELECT email_confirmed FROM users WHERE user_name = $1", name));
        using (var confirmed = await tab.ConfirmAsync(link))
            Assert.Equal("/account?notice=confirmed", confirmed.Headers.Location?.ToString());
        Assert.True(await host.ScalarAsync<bool>("SELECT email_confirmed FROM users WHERE user_name = $1", name));
        Assert.DoesNotContain("not confirmed", await tab.TextAsync("/account"), StringComparison.Ordinal);
    }

    [Fact]
    [Case(136)]
    [Case(143)]
    public async Task Link_to_confirm_works_once_for_its_purpose_and_in_its_time()
    {
        var (_, id, email) = await host.PersonAsync();
        var confirm = await host.LinkToAsync(email);
        var reset = await host.ForgetAsync(email);
        var (_, lateId, lateEmail) = await host.PersonAsync();
        var late = await host.LinkToAsync(lateEmail);
        await host.ExecuteAsync("UPDATE account_tokens SET expires_at = identity_now() - interval '1 second' WHERE user_id = $1", lateId);
        var tab = new Tab(host);
        foreach (var token in new[] { "", new string('x', 43), Mails.TokenOf(reset), Mails.TokenOf(late) })
        {
            using var refused = await tab.PostAsync("/confirm-email", "/forgot-password", ("token", token));
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        }
        Assert.False(await host.ScalarAsync<bool>("SELECT bool_or(email_confirmed) FROM users WHERE id IN ($1, $2)", id, lateId));
        using (var confirmed = await tab.ConfirmAsync(confirm))
            Assert.Equal(HttpStatusCode.SeeOther, confirmed.StatusCode);
        using var again = await tab.ConfirmAsync(confirm);
        Assert.Equal(HttpStatusCode.BadRequest, again.StatusCode);
    }

    [Fact]
    [Case(134)]
    public async Task Taken_address_is_told_to_its_owner_only()
    {
        var (_, _, email) = await host.PersonAsync();
        var name = BackChannel.NewName();
        using (var answer = await SignUpAsync(new Tab(host), name, email.ToUpperInvariant(), BackChannel.Password))
            Assert.Equal((HttpStatusCode.SeeOther, "/look-in-mail?for=sign-up"), (answer.StatusCode, answer.Headers.Location?.ToString()));
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM users WHERE user_name = $1", name));
        Assert.Contains("There is one already", await host.MailToAsync(email), StringComparison.Ordinal);
        // Its link takes the account back from whoever registered with an address of somebody else's.
        using var reset = await new Tab(host).ResetAsync(await host.LinkToAsync(email), "mine after all, this one");
        Assert.Equal(HttpStatusCode.SeeOther, reset.StatusCode);
    }

    [Fact]
    [Case(134)]
    public async Task Taken_username_is_told_whether_the_address_is_known_or_not()
    {
        var (username, _, email) = await host.PersonAsync();
        var before = await host.MailsToAsync(email);
        foreach (var address in new[] { email, $"{BackChannel.NewName()}@example.com" })
        {
            using var answer = await SignUpAsync(new Tab(host), username.ToUpperInvariant(), address, BackChannel.Password);
            Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
            var page = await answer.Content.ReadAsStringAsync();
            Assert.Contains("<p class=\"flaw\" id=\"username-flaw\">Username already registered</p>", page, StringComparison.Ordinal);
            Assert.DoesNotContain("email-flaw", page, StringComparison.Ordinal);
        }
        Assert.Equal(before, await host.MailsToAsync(email));
    }

    [Fact]
    [Case(146)]
    public async Task Every_flaw_is_beside_its_field_and_in_the_summary_and_nothing_is_made()
    {
        var tab = new Tab(host);
        using var answer = await SignUpAsync(tab, "a b", "no address", "password123");
        var page = await answer.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        foreach (var field in new[] { "username", "email", "password" })
        {
            Assert.Contains($"<a href=\"#{field}\">", page, StringComparison.Ordinal);
            Assert.Contains($"id=\"{field}-flaw\"", page, StringComparison.Ordinal);
        }
        Assert.Contains("This password is among the first that are guessed", page, StringComparison.Ordinal);
        Assert.DoesNotContain("password123", page, StringComparison.Ordinal);
        Assert.Contains("value=\"a b\"", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mail_is_in_the_language_of_the_page()
    {
        var name = BackChannel.NewName();
        using (await new Tab(host).PostAsync("/sign-up?ui_locales=id", "/sign-up", ("username", name), ("email", $"{name}@example.com"), ("password", BackChannel.Password)))
        {
        }
        Assert.Contains("Tautan ini berlaku sekali", await host.MailToAsync($"{name}@example.com"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Development_shows_the_mail_with_its_link()
    {
        var (_, _, email) = await host.PersonAsync();
        var link = await host.LinkToAsync(email);
        var page = await new Tab(host).TextAsync("/dev/mail");
        Assert.Contains($"to {email}", page, StringComparison.Ordinal);
        Assert.Contains($"<a href=\"{HostFixture.Issuer}{link}\">", page, StringComparison.Ordinal);
    }

    internal static Task<HttpResponseMessage> SignUpAsync(Tab tab, string username, string email, string password) =>
        tab.PostAsync("/sign-up", "/sign-up", ("username", username), ("email", email), ("password", password));
}

/// <summary>A host where an address must be confirmed before a password opens anything.</summary>
public sealed class ConfirmedHost(TestPostgres postgres) : HostFixture(postgres)
{
    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
        [new("Users:RequireConfirmedEmail", "true"), new("RateLimits:SignIn:Failures", "1000000")];
}

/// <summary>Users:RequireConfirmedEmail.</summary>
[Collection(Alone.Name)]
public sealed class RequireConfirmedEmailTests(ConfirmedHost host) : IClassFixture<ConfirmedHost>
{
    [Fact]
    public async Task Password_opens_nothing_until_the_address_is_confirmed_and_only_the_right_one_is_told_why()
    {
        var name = BackChannel.NewName();
        var email = $"{name}@example.com";
        var tab = new Tab(host);
        using (var answer = await SignUpTests.SignUpAsync(tab, name, email, BackChannel.Password))
            Assert.Equal((HttpStatusCode.SeeOther, "/look-in-mail?for=sign-up"), (answer.StatusCode, answer.Headers.Location?.ToString()));
        for (var node = 0; node < 2; node++)
        {
            using (var page = await tab.SignInAsync(name, BackChannel.Password))
            {
                Assert.Equal(HttpStatusCode.Forbidden, page.StatusCode);
                Assert.Contains("/confirm-email/again", await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            }
            using (var wrong = await tab.SignInAsync(name, "wrong password"))
                Assert.DoesNotContain("/confirm-email/again", await wrong.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            var refused = await host.Client.PasswordGrantAsync(name, BackChannel.Password).RefusedAsync("invalid_grant");
            Assert.Equal("email_not_confirmed", refused["error_code"]!.GetValue<string>());
            using var login = await host.Client.LoginAsync(name, BackChannel.Password);
            Assert.Equal((HttpStatusCode.Forbidden, "email_not_confirmed"), (login.StatusCode, (await login.JsonAsync())["code"]!.GetValue<string>()));
        }
        // The first link was lost.
        var first = await host.LinkToAsync(email);
        using (var again = await tab.PostAsync("/confirm-email/again", "/confirm-email/again", ("email", email)))
            Assert.Equal("/look-in-mail?for=confirm", again.Headers.Location?.ToString());
        var second = await host.LinkToAsync(email);
        Assert.NotEqual(first, second);
        using (await tab.ConfirmAsync(second))
        {
        }
        using (var signedIn = await tab.SignInAsync(name, BackChannel.Password))
            Assert.Equal(HttpStatusCode.SeeOther, signedIn.StatusCode);
        // Confirmed already: no more mail.
        var mails = await host.MailsToAsync(email);
        using (await tab.PostAsync("/confirm-email/again", "/confirm-email/again", ("email", email)))
        {
        }
        Assert.Equal(mails, await host.MailsToAsync(email));
    }

    [Fact]
    public async Task Link_to_choose_a_password_confirms_the_address_it_went_to()
    {
        var (username, _, email) = await host.PersonAsync();
        using (await new Tab(host).ResetAsync(await host.ForgetAsync(email), "seven bright stones"))
        {
        }
        await host.Client.PasswordGrantAsync(username, "seven bright stones").GrantedAsync();
    }

    [Fact]
    public async Task Registration_needs_an_address_and_three_confirmations_an_hour_are_enough()
    {
        using (var refused = await host.Client.CallAsync(HttpMethod.Post, "/users/register", null, new { username = BackChannel.NewName(), password = BackChannel.Password }))
            Assert.Equal((HttpStatusCode.BadRequest, "invalid_email"), (refused.StatusCode, (await refused.JsonAsync())["code"]!.GetValue<string>()));
        var (_, _, email) = await host.PersonAsync();
        for (var i = 0; i < 5; i++)
        {
            using var answer = await new Tab(host).PostAsync("/confirm-email/again", "/confirm-email/again", ("email", email));
            Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        }
        Assert.Equal(3, await host.MailsToAsync(email));
    }

    [Fact]
    [Case(134)]
    public async Task Sign_up_with_a_known_address_looks_and_takes_as_with_a_new_one()
    {
        var (_, _, known) = await host.PersonAsync();
        var tab = new Tab(host);
        var form = await tab.FormTokenAsync("/sign-up");
        var answers = new HashSet<string>(StringComparer.Ordinal);
        await Timing.AssertSameAsync(
            [
                ("known", () => AskAsync(known)),
                ("new", () => AskAsync($"{BackChannel.NewName()}@example.com")),
            ],
            samples: 15,
            promised: 0.25);
        Assert.Single(answers);

        async Task AskAsync(string email)
        {
            using var answer = await tab.SendAsync(
                HttpMethod.Post,
                "/sign-up",
                [("username", BackChannel.NewName()), ("email", email), ("password", BackChannel.Password), ("__RequestVerificationToken", form)]);
            answers.Add($"{answer.StatusCode} {answer.Headers.Location} {await answer.Content.ReadAsStringAsync()} "
                + string.Join(';', answer.Headers.Where(h => h.Key != "Date").Select(h => h.Key)));
        }
    }

    [Fact]
    public async Task Admin_of_the_operator_signs_in_without()
    {
        using var answer = await new Tab(host).SignInAsync(HostFixture.AdminName, HostFixture.AdminPassword);
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
    }
}
