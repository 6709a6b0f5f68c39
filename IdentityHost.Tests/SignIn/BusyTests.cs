using System.Net;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.Support;
using IdentityHost.Users.Passwords;

namespace IdentityHost.Tests.SignIn;

/// <summary>One node that hashes on one thread, slowly, and lets one password wait.</summary>
public sealed class BusyHost(TestPostgres postgres) : HostFixture(postgres)
{
    protected override int NodeCount => 1;

    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
        [new("Passwords:QueueLength", "1"), new("Passwords:HashingConcurrency", "1"), new("Passwords:Iterations", "400000")];
}

/// <summary>More passwords than can be hashed: some are told to come back, none fails otherwise, and what needs no hash is not held up.</summary>
public sealed class BusyTests(BusyHost host) : IClassFixture<BusyHost>
{
    [Fact]
    [Case(203)]
    public async Task QueueFull_Answers503WithRetryAfter_AndCountsNothing()
    {
        var names = new List<string>();
        for (var i = 0; i < 8; i++)
            names.Add((await host.Client.RegisterAsync()).Username);

        var answers = await Task.WhenAll(names.Select((name, i) => Doors.All[i % Doors.All.Count](host.Client, name, BackChannel.Password)));

        Assert.All(answers, answer => Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable, $"{(int)answer.StatusCode}"));
        Assert.Contains(answers, answer => answer.StatusCode == HttpStatusCode.OK);
        var busy = answers.Where(answer => answer.StatusCode == HttpStatusCode.ServiceUnavailable).ToList();
        Assert.NotEmpty(busy);
        foreach (var answer in busy)
        {
            var text = await answer.Content.ReadAsStringAsync();
            Assert.True(answer.Headers.RetryAfter?.Delta >= TimeSpan.FromSeconds(1), text);
            Answers.Clean(text);
            Assert.True(text.Contains("\"temporarily_unavailable\"", StringComparison.Ordinal) || text.Contains("\"unavailable\"", StringComparison.Ordinal), text);
        }
        // No slot is held and no failure counted: each gets in as soon as there is room.
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'sign_in_failed'"));
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT coalesce(sum(failures + cardinality(leases)), 0) FROM sign_in_attempts"));
        foreach (var name in names)
            await host.Client.PasswordGrantAsync(name, BackChannel.Password).GrantedAsync();
    }

    [Fact]
    [Case(203)]
    public async Task TokenEndpoint_NamesItTemporarilyUnavailable()
    {
        await using var full = new FullQueue(host.Nodes[0]);
        var body = await host.Client.PasswordGrantAsync(HostFixture.AdminName, HostFixture.AdminPassword).RefusedAsync(HttpStatusCode.ServiceUnavailable, "temporarily_unavailable");
        Assert.False(body.ContainsKey("error_code"));
        // What carries no password goes on.
        using var jwks = await host.Client.GetAsync(new Uri("/.well-known/jwks", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, jwks.StatusCode);
    }

    [Theory]
    [Case(204)]
    [InlineData(1)]
    [InlineData(29)]
    public async Task EnormousPassword_IsRefusedBeforeAnythingIsHashed(int megabytes)
    {
        var password = new string('x', megabytes * 1_000_000);
        // The queue takes nothing more: whatever hashes would answer 503.
        await using var full = new FullQueue(host.Nodes[0]);
        Func<Task<HttpResponseMessage>>[] doors =
        [
            () => host.Client.SendAsync(Form(password)),
            () => host.Client.SendAsync(Json("/users/login", password)),
            () => host.Client.SendAsync(Json("/auth/login", password)),
            () => host.Client.SendAsync(Json("/users/register", password)),
        ];
        foreach (var door in doors)
        {
            var started = System.Diagnostics.Stopwatch.GetTimestamp();
            using var response = await door();
            Assert.InRange((int)response.StatusCode, 400, 499);
            Answers.Clean(await response.Content.ReadAsStringAsync());
            // Without waiting for the body to be read to the end by the slow reader's rules (5 s).
            Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(4));
        }
    }

    /// <summary>Fits the body, but not the policy: no account can have it, so it is not compared.</summary>
    [Fact]
    [Case(204)]
    public async Task PasswordOfMoreThan128Characters_IsNotHashed()
    {
        await using var full = new FullQueue(host.Nodes[0]);
        foreach (var length in new[] { 129, 10_000, 60_000 })
        {
            var password = new string('x', length);
            await host.Client.PasswordGrantAsync(HostFixture.AdminName, password).RefusedAsync("invalid_grant");
            using var login = await host.Client.LoginAsync(HostFixture.AdminName, password);
            Assert.Equal(HttpStatusCode.Unauthorized, login.StatusCode);
            using var register = await host.Client.PostAsJsonAsync("/users/register", new { username = BackChannel.NewName(), password });
            Assert.Equal(HttpStatusCode.BadRequest, register.StatusCode);
        }
    }

    static HttpRequestMessage Form(string password) => new(HttpMethod.Post, "/connect/token")
    {
        Content = new StringContent("grant_type=password&client_id=demo&username=admin&password=" + password, System.Text.Encoding.UTF8, "application/x-www-form-urlencoded"),
    };

    /// <summary>With its length announced: a chunked body that grows too large is cut while the client still writes, and the answer may be lost.</summary>
    static HttpRequestMessage Json(string path, string password) => new(HttpMethod.Post, path)
    {
        Content = new StringContent($$"""{"username":"{{BackChannel.NewName()}}","password":"{{password}}"}""", System.Text.Encoding.UTF8, "application/json"),
    };

    /// <summary>While it lives, the node's only hashing thread is held and one password waits: the next is one too many.</summary>
    sealed class FullQueue : IAsyncDisposable
    {
        readonly ManualResetEventSlim _release = new();
        readonly Task[] _held;

        public FullQueue(HostNode node)
        {
            var queue = QueueOf(node.Service<PasswordHashing>());
            var running = new TaskCompletionSource();
            var first = queue.RunAsync(
                () =>
                {
                    running.SetResult();
                    _release.Wait();
                    return 0;
                },
                CancellationToken.None);
            running.Task.Wait();
            _held = [first, queue.RunAsync(() => 0, CancellationToken.None)];
        }

        public async ValueTask DisposeAsync()
        {
            _release.Set();
            await Task.WhenAll(_held);
            _release.Dispose();
        }

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_queue")]
        static extern ref HashingQueue QueueOf(PasswordHashing hashing);
    }
}
