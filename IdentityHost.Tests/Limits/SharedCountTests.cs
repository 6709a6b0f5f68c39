using System.Net;
using System.Net.Http.Json;
using IdentityHost.Tests.SignIn;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Limits;

/// <summary>Every request that proves a password, whatever else it is for, uses up the same five tries of its name; and none is lost.</summary>
public sealed class SharedCountTests(LimitedHost host) : IClassFixture<LimitedHost>
{
    const int Limit = 5;

    /// <summary>Signing in, changing the password, and both under <c>/api</c>, by form and by JSON.</summary>
    static readonly IReadOnlyList<Func<HttpClient, string, string, Task<HttpResponseMessage>>> Ways =
    [
        .. Doors.All,
        (client, username, password) => client.PasswordGrantAsync(username, password, ("new_password", "another quiet place to sit")),
        (client, username, password) => client.PostAsJsonAsync("/users/login", new { username, password, new_password = "another quiet place to sit" }),
        (client, username, password) => client.PostAsJsonAsync("/api/users/login", new { username, password }),
        (client, username, password) => client.PostAsJsonAsync("/api/auth/login", new { username, password }),
        (client, username, password) => client.PostAsync("/users/login", new FormUrlEncodedContent([new("username", username), new("password", password)])),
    ];

    /// <summary>Each way takes part in a series: it begins at another way for each name.</summary>
    [Fact]
    [Case(150)]
    [Case(205)]
    public async Task EveryWayToProveAPassword_SharesOneCount()
    {
        using var client = host.At("203.0.113.150");
        for (var first = 0; first < Ways.Count; first += Limit)
        {
            var (username, id) = await host.Client.RegisterAsync();
            for (var i = 0; i < Limit; i++)
            {
                using var wrong = await Ways[(first + i) % Ways.Count](client, username, "wrong password");
                Assert.True(wrong.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized, $"way {first + i}: {(int)wrong.StatusCode}");
            }
            foreach (var node in host.Nodes)
            {
                using var same = node.At("203.0.113.150");
                foreach (var way in Ways)
                    await way(same, username, BackChannel.Password).BlockedAsync(TimeSpan.FromSeconds(30));
            }
            Assert.Equal(Limit, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'sign_in_failed' AND subject_id = $1", id));
            Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'sign_in_blocked' AND subject_id = $1", id));
        }
    }

    /// <summary>Fewer than the limit, all at once over both nodes: each is in the count, and one more is the last.</summary>
    [Fact]
    [Case(149)]
    public async Task WrongPasswordsAtOnce_AreAllCounted()
    {
        using var client = host.At("203.0.113.149");
        for (var round = 0; round < 10; round++)
        {
            var name = BackChannel.NewName();
            var answers = await Task.WhenAll(Enumerable.Range(0, Limit - 1).Select(i => Ways[(round + i) % Ways.Count](client, name, "wrong password")));
            Assert.All(answers, a => Assert.True(a.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized));
            Assert.Equal(Limit - 1, await host.ScalarAsync<int>(
                "SELECT failures FROM sign_in_attempts WHERE key = sha256(convert_to($1, 'UTF8')) AND cardinality(leases) = 0", $"{name.ToUpperInvariant()}\n203.0.113.149"));
            using var last = await Doors.All[round % Doors.All.Count](client, name, "wrong password");
            Assert.True(last.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized);
            await Doors.All[round % Doors.All.Count](client, name, "wrong password").BlockedAsync(TimeSpan.FromSeconds(30));
        }
    }
}
