using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.ResourceServer.Remote;

/// <summary>Two nodes behind a balancer whose address is the issuer: processes that know nothing of this test find them by it.</summary>
public class SampleHost(TestPostgres postgres) : HostFixture(postgres)
{
    readonly IssuerBalancer _balancer = new();

    /// <summary>As clients know it, and where connections are taken.</summary>
    public string Address => _balancer.Address;

    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
        [.. SettingsOf(Address).Select(s => KeyValuePair.Create(s.Name, (string?)s.Value)), new("Logging:LogLevel:Default", "Warning")];

    /// <summary>The issuer, and that the samples' client (the second that Development declares) may ask about tokens for it.</summary>
    internal static IReadOnlyList<(string Name, string Value)> SettingsOf(string address) => [("Issuer", address), ("Applications:1:Audiences:0", address)];

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _balancer.Nodes = [.. Nodes.Select(n => n.Address)];
    }

    public override async ValueTask DisposeAsync()
    {
        await _balancer.DisposeAsync();
        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
