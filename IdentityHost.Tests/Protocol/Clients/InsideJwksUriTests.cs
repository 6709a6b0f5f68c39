using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Clients;

/// <summary>Where addresses of this machine and its network are refused, as in Production.</summary>
public sealed class InsideJwksUriTests(InsideJwksUriTests.ClosedHost host) : IClassFixture<InsideJwksUriTests.ClosedHost>
{
    [Fact]
    [Case(68)]
    public async Task Keys_inside_are_not_even_asked_for()
    {
        using var key = new AssertionKey();
        foreach (var id in (string[])["loopback", "metadata", "name"])
            await host.Client.AssertedAsync(key.Assertion(id)).NoClientAsync();
        Assert.False(host.Inside.WasCalled);
    }

    public sealed class ClosedHost(TestPostgres postgres) : HostFixture(postgres)
    {
        internal SilentListener Inside { get; } = new();

        protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
        [
            new("Egress:AllowLoopback", "false"),
            .. Application(12, "loopback", $"http://127.0.0.1:{Inside.Port}/jwks"),
            .. Application(13, "metadata", "https://169.254.169.254/latest/meta-data"),
            .. Application(14, "name", $"http://localhost:{Inside.Port}/jwks"),
        ];

        public override async ValueTask DisposeAsync()
        {
            await base.DisposeAsync();
            Inside.Dispose();
        }

        static IEnumerable<KeyValuePair<string, string?>> Application(int index, string id, string address) =>
        [
            new($"Applications:{index}:ClientId", id),
            new($"Applications:{index}:GrantTypes:0", "client_credentials"),
            new($"Applications:{index}:Scopes:0", "users:self"),
            new($"Applications:{index}:JwksUri", address),
        ];
    }
}
