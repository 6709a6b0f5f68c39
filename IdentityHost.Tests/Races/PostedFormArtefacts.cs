using System.Text.Json.Nodes;
using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.Protocol.Authorize;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Races;

/// <summary>A form of a page that ends in an authorization response: each worker posts it with the same cookies and goes on to where it leads.</summary>
public abstract class PostedFormArtefact : UsedOnceArtefact
{
    protected Tab Form { get; set; } = null!;

    protected RelyingParty App { get; private set; } = null!;

    protected string Username { get; private set; } = "";

    protected long Id { get; private set; }

    protected abstract string Action { get; }

    protected abstract IReadOnlyList<(string Name, string Value)> Fields(string artefact);

    protected async Task NewPersonAsync(HostFixture host)
    {
        App = new RelyingParty(host, "demo", secret: null, "http://127.0.0.1/callback");
        (Username, Id) = await host.Client.RegisterAsync();
    }

    public override async Task<RaceAnswer> UseAsync(HostFixture host, int node, string artefact)
    {
        var tab = Form.Copy();
        using var posted = await tab.SendAsync(HttpMethod.Post, Action, [.. Fields(artefact)]);
        if ((int)posted.StatusCode != 303)
            return await RaceAnswer.OfAsync(node, Task.FromResult(new HttpResponseMessage(posted.StatusCode)));
        using var answer = await tab.GetAsync(posted.Headers.Location!.OriginalString);
        Assert.Equal(303, (int)answer.StatusCode);
        var location = answer.Headers.Location!.OriginalString;
        var members = location.StartsWith('/') ? new Dictionary<string, string>(StringComparer.Ordinal) { ["next"] = location } : RelyingParty.Members(new Uri(location));
        return new RaceAnswer(node, members.ContainsKey("code") ? 200 : 303, [.. members.Select(m => KeyValuePair.Create<string, JsonNode?>(m.Key, m.Value))]);
    }

    public override async Task CheckAsync(HostFixture host, string artefact, IReadOnlyList<RaceAnswer> answers)
    {
        var code = Assert.Single(answers.Where(a => a.Granted).Select(a => a.Body["code"]!.GetValue<string>()).Distinct(StringComparer.Ordinal));
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM authorization_codes WHERE user_id = $1", Id));
        var tokens = await App.RedeemAsync(host.Client, code).GrantedAsync();
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM grants WHERE user_id = $1", Id));
        Assert.True(tokens.ContainsKey("access_token"));
    }
}

/// <summary>The form that says yes.</summary>
public sealed class ConsentPostArtefact : PostedFormArtefact
{
    string _token = "";

    public override int Weight => 4;

    protected override string Action => "/consent?handler=Allow";

    protected override IReadOnlyList<(string Name, string Value)> Fields(string artefact) => [("id", artefact), ("__RequestVerificationToken", _token)];

    public override async Task<string> CreateAsync(HostFixture host)
    {
        await NewPersonAsync(host);
        Form = new Tab(host);
        using var signedIn = await Form.SignInAsync(Username, BackChannel.Password);
        var (page, id) = await Form.AskedAsync(App.Address());
        _token = await Form.FormTokenAsync(page);
        return id;
    }

    public override async Task CheckAsync(HostFixture host, string artefact, IReadOnlyList<RaceAnswer> answers)
    {
        // All of them are the same person in the same session: each gets the one code.
        Assert.All(answers, a => Assert.True(a.Granted, $"{a.Status} {a.Body.ToJsonString()}"));
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM consents WHERE user_id = $1", Id));
        await base.CheckAsync(host, artefact, answers);
    }
}

/// <summary>The form with the password: each post begins a session of its own, and one of them is answered.</summary>
public sealed class SignInPostArtefact : PostedFormArtefact
{
    string _token = "";

    public override int Weight => 10;

    protected override string Action => "/sign-in";

    protected override IReadOnlyList<(string Name, string Value)> Fields(string artefact) =>
        [("identifier", Username), ("password", BackChannel.Password), ("return_to", artefact), ("__RequestVerificationToken", _token)];

    public override async Task<string> CreateAsync(HostFixture host)
    {
        await NewPersonAsync(host);
        // Agreed before, so that the sign-in alone leads to a code.
        await host.ExecuteAsync("INSERT INTO consents (user_id, application_id, scope, granted_at) SELECT $1, id, 'openid', identity_now() FROM applications WHERE client_id = 'demo'", Id);
        Form = new Tab(host);
        var returnTo = await Form.BegunAsync(App.Address());
        _token = await Form.FormTokenAsync($"/sign-in?return_to={Uri.EscapeDataString(returnTo)}");
        return returnTo;
    }
}
