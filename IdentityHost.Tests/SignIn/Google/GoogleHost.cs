using FakeGoogle;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.SignIn.Google;

/// <summary>Two nodes that take a FakeGoogle for Google.</summary>
public class GoogleHost(TestPostgres postgres) : HostFixture(postgres)
{
    /// <summary>The one password for everybody that seed 001 knows.</summary>
    public const string SharedPassword = "shared-by-everybody-1";

    public GoogleServer Google { get; private set; } = null!;

    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
    [
        .. Google.Settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value)),
        new("SYSTEM_USER_PASSWORD", SharedPassword),
        new("Passwords:AllowSharedInitialPassword", "true"),
        .. More,
    ];

    /// <summary>Settings beside those of Google's addresses.</summary>
    protected virtual IEnumerable<KeyValuePair<string, string?>> More => [];

    public override async ValueTask InitializeAsync()
    {
        Google = await GoogleServer.StartAsync("http://127.0.0.1:0");
        await base.InitializeAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await Google.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Somebody new at Google, with a mailbox of Google's.</summary>
    public Person NewPerson(Func<Person, Person>? change = null)
    {
        var name = BackChannel.NewName();
        var person = new Person(Random.Shared.NextInt64(1L << 60).ToString(System.Globalization.CultureInfo.InvariantCulture), $"{name}@gmail.com", "Budi Santoso");
        return Google.Add(change is null ? person : change(person));
    }

    /// <summary>The account that a person at Google is linked to; 0 for none.</summary>
    public Task<long> LinkedToAsync(Person person) =>
        ScalarAsync<long>("SELECT user_id FROM user_logins WHERE login_provider = 'Google' AND provider_key = $1", $"{Google.Issuer} {person.Subject}")!;

    public Task<long> UserOfAsync(string email) => ScalarAsync<long>("SELECT id FROM users WHERE normalized_email = upper($1)", email)!;

    /// <summary>Registers somebody with this address, and has them prove it.</summary>
    public async Task<(string Username, long Id)> RegisterAsync(string email, bool confirmed)
    {
        var username = BackChannel.NewName();
        using var answer = await Client.CallAsync(HttpMethod.Post, "/users/register", null, new { username, password = BackChannel.Password, email });
        var id = (await answer.JsonAsync())["data"]!["id"]!.GetValue<long>();
        if (confirmed)
            await ExecuteAsync("UPDATE users SET email_confirmed = true WHERE id = $1", id);
        return (username, id);
    }

    /// <summary>What the audit says was decided about an account, newest first.</summary>
    public Task<string?> DecisionAsync(long user) =>
        ScalarAsync<string>("SELECT kind FROM audit_events WHERE subject_id = $1 AND kind LIKE 'external_%' ORDER BY id DESC LIMIT 1", user);
}

/// <summary>The one that every class without settings of its own shares.</summary>
[CollectionDefinition(Name)]
public sealed class SharedGoogle : ICollectionFixture<GoogleHost>
{
    public const string Name = "Shared Google";
}

/// <summary>The steps of a sign-in, one by one, so that a test can do something between them.</summary>
static class GoogleSteps
{
    public const string Begin = "/users/auth/google";
    public const string ToPages = Begin + "?return_to=/account";

    /// <summary>Begins; the address at Google that the browser is sent to.</summary>
    public static async Task<Uri> AuthorizeAsync(this Tab tab, string begin = ToPages)
    {
        using var answer = await tab.GetAsync(begin);
        Assert.Equal(System.Net.HttpStatusCode.Found, answer.StatusCode);
        return answer.Headers.Location!;
    }

    /// <summary>Chooses somebody at Google; the callback's path and query.</summary>
    public static string Choose(this GoogleHost host, Uri authorize, Person? person) =>
        host.Google.Choose(authorize, person?.Subject ?? "nobody").PathAndQuery;

    /// <summary>The whole way; where the callback sends the browser.</summary>
    public static async Task<string> SignInAsync(this GoogleHost host, Tab tab, Person? person, string begin = ToPages) =>
        await tab.LocationAsync(host.Choose(await tab.AuthorizeAsync(begin), person));

    /// <summary>Where a path sends the browser.</summary>
    public static async Task<string> LocationAsync(this Tab tab, string path)
    {
        using var answer = await tab.GetAsync(path);
        Assert.True(answer.StatusCode == System.Net.HttpStatusCode.Found, $"{(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
        Assert.Contains("no-store", answer.Headers.GetValues("Cache-Control").Single(), StringComparison.Ordinal);
        return answer.Headers.Location!.ToString();
    }
}
