using System.Net;
using FakeGoogle;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.SignIn.Google;

/// <summary>Whose account it is: found by issuer and subject, made, linked, asked for, or refused.</summary>
[Collection(SharedGoogle.Name)]
public sealed class LinkingRuleTests(GoogleHost host)
{
    [Fact]
    public async Task Nobody_has_the_address_and_an_account_is_made()
    {
        var person = host.NewPerson();
        Assert.Equal("/account", await host.SignInAsync(new Tab(host), person));
        var id = await host.LinkedToAsync(person);
        Assert.Equal("external_created", await host.DecisionAsync(id));
        Assert.Equal(
            $"{person.Email}/Budi Santoso/t/0/none",
            await host.ScalarAsync<string>(
                "SELECT concat_ws('/', email, name, email_confirmed, password_origin, coalesce(password_hash, 'none')) FROM users WHERE id = $1", id));
        Assert.StartsWith("google_budi", await host.ScalarAsync<string>("SELECT user_name FROM users WHERE id = $1", id), StringComparison.Ordinal);
    }

    [Fact]
    [Case(158)]
    public async Task Same_subject_is_the_same_person_whatever_the_address_says()
    {
        var person = host.NewPerson();
        await host.SignInAsync(new Tab(host), person);
        var id = await host.LinkedToAsync(person);
        var (_, other) = await host.RegisterAsync($"{BackChannel.NewName()}@gmail.com", confirmed: true);
        var theirs = await host.ScalarAsync<string>("SELECT email FROM users WHERE id = $1", other);

        // Their address at Google is now one that somebody else has here.
        host.Google.Add(person with { Email = theirs });
        var tab = new Tab(host);
        Assert.Equal("/account", await host.SignInAsync(tab, person));
        Assert.Contains(person.Email!, await tab.TextAsync("/account"), StringComparison.Ordinal);
        Assert.Equal((id, "external_known"), (await host.LinkedToAsync(person), await host.DecisionAsync(id)));
        Assert.Equal(person.Email, await host.ScalarAsync<string>("SELECT email FROM users WHERE id = $1", id));
        Assert.Equal(1, await host.LiveSessionsAsync(id) - 1);
    }

    [Theory]
    [InlineData("gmail.com", null)]
    [InlineData("school.example", "school.example")]
    public async Task Address_that_Google_runs_and_both_have_verified_is_linked(string domain, string? hosted)
    {
        var person = host.NewPerson(p => p with { Email = $"{BackChannel.NewName()}@{domain}", HostedDomain = hosted });
        var (username, id) = await host.RegisterAsync(person.Email!, confirmed: true);
        Assert.Equal("/account", await host.SignInAsync(new Tab(host), person));
        Assert.Equal((id, "external_linked"), (await host.LinkedToAsync(person), await host.DecisionAsync(id)));
        // What they had stays theirs.
        await host.Client.AccessTokenAsync(username);
    }

    public static TheoryData<string, string?, bool, bool> Asked => new()
    {
        // Verified, but the mailbox is not Google's: it may be somebody else's by now.
        { "mail.example", null, true, false },
        { "mail.example", null, false, false },
        // An administrator, whatever was verified.
        { "gmail.com", null, true, true },
        { "gmail.com", null, false, true },
        { "school.example", "school.example", false, true },
    };

    [Theory]
    [Case(158)]
    [Case(161)]
    [MemberData(nameof(Asked))]
    public async Task Otherwise_the_password_is_asked_for_and_then_linked(string domain, string? hosted, bool confirmed, bool admin)
    {
        var person = host.NewPerson(p => p with { Email = $"{BackChannel.NewName()}@{domain}", HostedDomain = hosted });
        var (username, id) = await host.RegisterAsync(person.Email!, confirmed);
        if (admin)
            await host.ExecuteAsync("UPDATE users SET role = 1 WHERE id = $1", id);
        var tab = new Tab(host);
        Assert.Equal("/sign-in/link", await host.SignInAsync(tab, person));
        Assert.Equal((0L, "external_credential_asked"), (await host.LinkedToAsync(person), await host.DecisionAsync(id)));
        Assert.Equal(0, await host.LiveSessionsAsync(id));
        using (var account = await tab.GetAsync("/account"))
            Assert.Equal(HttpStatusCode.SeeOther, account.StatusCode);
        Assert.Contains(person.Email!, await tab.TextAsync("/sign-in/link"), StringComparison.Ordinal);

        using (var wrong = await tab.PostAsync("/sign-in/link", "/sign-in/link", ("password", "not this one, no")))
            Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        Assert.Equal(0, await host.LinkedToAsync(person));

        var before = tab.Copy();
        using var right = await tab.PostAsync("/sign-in/link", "/sign-in/link", ("password", BackChannel.Password));
        Assert.Equal((HttpStatusCode.SeeOther, "/account"), (right.StatusCode, right.Headers.Location!.ToString()));
        Assert.Equal((id, "external_linked"), (await host.LinkedToAsync(person), await host.DecisionAsync(id)));
        Assert.Contains(username, await tab.TextAsync("/account"), StringComparison.Ordinal);
        Assert.Equal("/account", await host.SignInAsync(new Tab(host), person));

        // What waited for the password is used up, though the cookie was kept: not even the right password does it again.
        await host.ExecuteAsync("DELETE FROM user_logins WHERE user_id = $1", id);
        using var again = await before.PostAsync("/sign-in/link", "/sign-in/link", ("password", BackChannel.Password));
        Assert.Equal((HttpStatusCode.BadRequest, 0L), (again.StatusCode, await host.LinkedToAsync(person)));
    }

    [Fact]
    [Case(161)]
    public async Task Another_accounts_password_links_nothing()
    {
        var person = host.NewPerson(p => p with { Email = $"{BackChannel.NewName()}@mail.example" });
        var (_, victim) = await host.RegisterAsync(person.Email!, confirmed: true);
        var tab = new Tab(host);
        await host.SignInAsync(tab, person);
        // Meanwhile the address has become another account's, whose password the attacker knows.
        var (_, attacker) = await host.Client.RegisterAsync();
        await host.ExecuteAsync("UPDATE users SET email = NULL, normalized_email = NULL WHERE id = $1", victim);
        await host.ExecuteAsync("UPDATE users SET email = $2, normalized_email = upper($2) WHERE id = $1", attacker, person.Email!);
        using var answer = await tab.PostAsync("/sign-in/link", "/sign-in/link", ("password", BackChannel.Password));
        Assert.Equal((HttpStatusCode.BadRequest, 0L), (answer.StatusCode, await host.LinkedToAsync(person)));
        Assert.Equal(0, await host.LiveSessionsAsync(attacker));
    }

    [Theory]
    [Case(161)]
    [InlineData(null)]
    [InlineData("CfDJ8nonsense")]
    public async Task Link_page_needs_what_came_from_Google(string? cookie)
    {
        var tab = new Tab(host);
        if (cookie is not null)
            tab.Cookies["identityhost-link"] = cookie;
        using var answer = await tab.GetAsync("/sign-in/link");
        Assert.Equal("/sign-in?problem=google_expired", answer.Headers.Location!.ToString());
    }

    [Fact]
    public async Task What_waits_for_a_password_waits_ten_minutes()
    {
        var person = host.NewPerson(p => p with { Email = $"{BackChannel.NewName()}@mail.example" });
        await host.RegisterAsync(person.Email!, confirmed: true);
        var tab = new Tab(host);
        await host.SignInAsync(tab, person);
        try
        {
            await host.Clock.SetAsync(TimeSpan.FromMinutes(11));
            using var answer = await tab.GetAsync("/sign-in/link");
            Assert.Equal("/sign-in?problem=google_expired", answer.Headers.Location!.ToString());
        }
        finally
        {
            await host.Clock.SetAsync(TimeSpan.Zero);
        }
    }

    public static TheoryData<string> Unverified => ["false", "absent", "text false", "text true", "one"];

    [Theory]
    [Case(159)]
    [MemberData(nameof(Unverified))]
    public async Task Address_that_Google_has_not_verified_is_worth_nothing(string how)
    {
        var person = host.NewPerson(p => p with
        {
            EmailVerified = how switch { "false" => false, "absent" => null, "text false" => "false", "text true" => "true", _ => 1 },
        });
        foreach (var confirmed in new[] { true, false })
        {
            var (username, id) = await host.RegisterAsync(person.Email!, confirmed);
            var tab = new Tab(host);
            Assert.StartsWith("/sign-in?problem=google_unverified", await host.SignInAsync(tab, person), StringComparison.Ordinal);
            Assert.Equal((0L, 0L, "external_refused"), (await host.LinkedToAsync(person), await host.LiveSessionsAsync(id), await host.DecisionAsync(id)));
            using (var page = await tab.GetAsync("/sign-in/link"))
                Assert.Equal(HttpStatusCode.SeeOther, page.StatusCode);
            await host.Client.AccessTokenAsync(username);
            await host.ExecuteAsync("DELETE FROM users WHERE id = $1", id);
        }
        // Where nobody has it, it is kept as unverified.
        Assert.Equal("/account", await host.SignInAsync(new Tab(host), person));
        Assert.False(await host.ScalarAsync<bool>("SELECT email_confirmed FROM users WHERE id = $1", await host.LinkedToAsync(person)));
    }

    [Fact]
    [Case(164)]
    public async Task Disabled_is_refused_known_or_not()
    {
        var known = host.NewPerson();
        await host.SignInAsync(new Tab(host), known);
        var knownId = await host.LinkedToAsync(known);
        var unknown = host.NewPerson();
        var (_, unknownId) = await host.RegisterAsync(unknown.Email!, confirmed: true);
        await host.ExecuteAsync("UPDATE users SET status = false WHERE id = $1 OR id = $2", knownId, unknownId);
        foreach (var (person, id) in new[] { (known, knownId), (unknown, unknownId) })
        {
            var tab = new Tab(host);
            Assert.Equal("/sign-in?problem=google_disabled&return_to=%2Faccount", await host.SignInAsync(tab, person));
            Assert.Equal("external_refused", await host.DecisionAsync(id));
            using var account = await tab.GetAsync("/account");
            Assert.Equal(HttpStatusCode.SeeOther, account.StatusCode);
        }
        Assert.Equal(0, await host.LinkedToAsync(unknown));
    }

    [Fact]
    public async Task Many_arrivals_of_one_person_at_once_make_one_account()
    {
        var person = host.NewPerson();
        var tabs = Enumerable.Range(0, 10).Select(_ => new Tab(host)).ToList();
        var callbacks = new List<(Tab Tab, string Path)>();
        foreach (var tab in tabs)
            callbacks.Add((tab, host.Choose(await tab.AuthorizeAsync(), person)));
        var all = await Task.WhenAll(callbacks.Select(c => c.Tab.LocationAsync(c.Path)));
        Assert.All(all, location => Assert.Equal("/account", location));
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM users WHERE normalized_email = upper($1)", person.Email!));
        Assert.Equal(10, await host.LiveSessionsAsync(await host.LinkedToAsync(person)));
    }

    [Fact]
    public async Task Many_namesakes_at_once_get_names_of_their_own()
    {
        var people = Enumerable.Range(0, 12).Select(_ => host.NewPerson(p => p with { Name = "Zulfikar Öztürk" })).ToList();
        var all = await Task.WhenAll(people.Select(p => host.SignInAsync(new Tab(host), p)));
        Assert.All(all, location => Assert.Equal("/account", location));
        var names = await host.ScalarAsync<string[]>("SELECT array_agg(user_name) FROM users WHERE user_name LIKE 'google_zulfikar%'");
        Assert.Equal(12, names!.Length);
        Assert.Contains("google_zulfikar", names);
        Assert.All(names, name => Assert.Matches("^google_zulfikar([0-9]{3}|[0-9]{6}|[0-9]{9})?$", name));
    }

    [Theory]
    [InlineData("Budi Santoso", "budi123@gmail.com", "google_budi123")]
    [InlineData("Budi Santoso", "secret.address@gmail.com", "google_budi")]
    [InlineData("Élodie Durand", "x@gmail.com", "google_elodie")]
    [InlineData("张 伟", "zhang.wei@gmail.com", "google_zhangwei")]
    [InlineData(null, null, "google_user")]
    [InlineData("\u0000\u0007", null, "google_user")]
    public void Username_is_made_of_the_name(string? name, string? email, string expected) => Assert.Equal(
        expected,
        global::IdentityHost.SignIn.External.ExternalUsername.Candidate(
            global::IdentityHost.SignIn.External.ExternalUsername.Slug(new("i", "s", email, EmailVerified: true, name, null, null)), attempt: 0));

    [Fact]
    public async Task Name_that_no_account_can_have_is_mended()
    {
        var person = host.NewPerson(p => p with { Name = "A\u0000\u0001" + new string('b', 300) });
        await host.SignInAsync(new Tab(host), person);
        var name = await host.ScalarAsync<string>("SELECT name FROM users WHERE id = $1", await host.LinkedToAsync(person));
        Assert.Equal("A" + new string('b', 99), name);
    }

    [Fact]
    public async Task Somebody_without_an_address_gets_an_account_without_one()
    {
        var person = host.NewPerson(p => p with { Email = null, EmailVerified = null });
        Assert.Equal("/account", await host.SignInAsync(new Tab(host), person));
        Assert.Null(await host.ScalarAsync<string>("SELECT email FROM users WHERE id = $1", await host.LinkedToAsync(person)));
    }
}
