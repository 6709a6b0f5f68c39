using System.Net;
using IdentityHost.Data.Entities;
using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.SignIn;

/// <summary>A host that hashes at full cost and lets one name fail often.</summary>
public sealed class FullCostHost(TestPostgres postgres) : HostFixture(postgres)
{
    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
        [new("Passwords:Iterations", "210000"), new("RateLimits:SignIn:Failures", "1000000")];
}

/// <summary>Who has an account, who is disabled and who came by Google cannot be told from a refusal: not by its bytes, not by its time.</summary>
[Collection(Alone.Name)]
public sealed class SameAnswerTests(FullCostHost host) : IClassFixture<FullCostHost>
{
    const double Tolerance = 0.05;
    const int Samples = 15;

    [Fact]
    [Case(133)]
    public async Task EveryRefusal_HasTheSameStatusHeadersAndBody()
    {
        var names = await NamesAsync();
        foreach (var door in Doors.All)
        {
            var answers = new HashSet<string>(StringComparer.Ordinal);
            foreach (var node in host.Nodes)
            {
                foreach (var (_, username) in names)
                {
                    using var response = await door(node.Client, username, "wrong password");
                    Assert.True(response.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized);
                    answers.Add(await response.FingerprintAsync());
                }
            }
            Assert.Single(answers);
        }
    }

    [Fact]
    [Case(133)]
    public async Task EveryRefusal_TakesTheSameTime()
    {
        var client = host.Nodes[0].Client;
        var kinds = (await NamesAsync()).Select(name => (name.Kind, (Func<Task>)(() => client.PasswordGrantAsync(name.Username, "wrong password").RefusedAsync("invalid_grant"))));
        await Timing.AssertSameAsync([.. kinds], Samples, Tolerance);
    }

    async Task<IReadOnlyList<(string Kind, string Username)>> NamesAsync()
    {
        var (known, _) = await host.Client.RegisterAsync();
        var (disabled, disabledId) = await host.Client.RegisterAsync();
        var (google, googleId) = await host.Client.RegisterAsync();
        var (expired, expiredId) = await host.Client.RegisterAsync();
        await host.ExecuteAsync("UPDATE users SET status = false WHERE id = $1", disabledId);
        await host.ExecuteAsync("UPDATE users SET password_hash = NULL, password_origin = $2 WHERE id = $1", googleId, (short)PasswordOrigin.None);
        await host.ExecuteAsync("UPDATE users SET password_origin = $2, password_expires_at = identity_now() WHERE id = $1", expiredId, (short)PasswordOrigin.System);
        return [("unknown", BackChannel.NewName()), ("wrong password", known), ("disabled", disabled), ("Google", google), ("expired", expired)];
    }
}
