using System.Net;
using IdentityHost.Tests.SignIn;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol;

/// <summary>How long a refusal takes does not tell which clients there are.</summary>
[Collection(Alone.Name)]
public sealed class ClientTimingTests(ClientsHost host) : IClassFixture<ClientsHost>
{
    // A request takes about a millisecond, most of it transport: a wider band than for passwords.
    const double Tolerance = 0.1;

    [Fact]
    [Case(60)]
    public Task UnknownClientAndWrongSecret_TakeTheSameTime() => Timing.AssertSameAsync(
        [("wrong secret", () => RefuseAsync("basic")), ("unknown client", () => RefuseAsync("nobod"))], samples: 300, Tolerance);

    async Task RefuseAsync(string id)
    {
        using var response = await host.Nodes[0].Client.BasicAsync($"{id}:wrong-secret-of-more-than-32-characters", ("grant_type", "client_credentials"));
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }
}
