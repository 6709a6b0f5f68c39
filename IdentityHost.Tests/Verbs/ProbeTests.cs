using IdentityHost.Tests.ResourceServer.Remote;
using IdentityHost.Tests.Support;
using IdentityHost.Verbs.Probe;

namespace IdentityHost.Tests.Verbs;

/// <summary>The conformance kit finds what is wrong with an API, and nothing where nothing is.</summary>
public sealed class ProbeTests(RemoteHost host) : IClassFixture<RemoteHost>
{
    [Theory]
    [InlineData(ApiFault.None)]
    [InlineData(ApiFault.NeedsNoToken, "no token", "in the query")]
    [InlineData(ApiFault.IgnoresExpiry, "expired an hour ago")]
    [InlineData(ApiFault.ExpiryIsOptional, "without exp")]
    [InlineData(ApiFault.IgnoresNotBefore, "good in an hour (nbf)")]
    [InlineData(ApiFault.IgnoresAudience, "for another API", "for an API whose name begins alike")]
    [InlineData(ApiFault.ComparesTheBeginningOfAudience, "for an API whose name begins alike")]
    [InlineData(ApiFault.AudienceIsOptional, "without aud")]
    [InlineData(ApiFault.IgnoresIssuer, "of another issuer", "of an issuer whose name begins alike")]
    [InlineData(ApiFault.ComparesTheBeginningOfIssuer, "of an issuer whose name begins alike")]
    [InlineData(ApiFault.SubjectIsOptional, "without sub")]
    [InlineData(ApiFault.IgnoresScope, "without the scope")]
    [InlineData(ApiFault.IgnoresConfirmation, "bound to a key (cnf)")]
    [InlineData(ApiFault.IgnoresType, "an ID token", "a token without typ", "a logout token")]
    [InlineData(ApiFault.IgnoresCritical, "with an unknown crit")]
    [InlineData(ApiFault.TakesAlgorithmNone, "with alg none")]
    [InlineData(ApiFault.TakesAlgorithmNoneInAnyCase, "with alg nOnE")]
    [InlineData(ApiFault.TakesPublicKeyForSecret, "with HS256 by the public key")]
    [InlineData(ApiFault.IgnoresSignature, "with a signature of zeros", "changed after it was signed", "signed by a stranger's key")]
    [InlineData(ApiFault.TakesEmptySignature, "without its signature")]
    [InlineData(ApiFault.TrustsEmbeddedKey, "that brings its own key (jwk)")]
    [InlineData(ApiFault.ReadsQuery, "in the query")]
    [InlineData(ApiFault.IgnoresRevocation, "one token revoked", "its grant revoked", "its session logged out", "logged out everywhere")]
    [InlineData(ApiFault.KeepsKeysForever, "its key rotated away and revoked")]
    [InlineData(ApiFault.FallsOver, "an ID token", "a token without typ", "a logout token")]
    public async Task A_planted_fault_is_found_and_nothing_else(ApiFault fault, params string[] names)
    {
        await using var api = await BadApi.StartAsync(fault, host);
        using var target = new ProbeTarget(api.Address);
        List<ProbeFinding> findings = [];
        await foreach (var finding in new ProbeRun(host.Nodes[0].App.Services, target, HostFixture.Issuer, "users:self").RunAsync(default))
            findings.Add(finding);
        Assert.Equal("a good token", findings[0].Name);
        Assert.True(findings.Count > 25, $"Only {findings.Count} were tried.");
        Assert.Equal(names.Order(), findings.Where(f => f.Fault).Select(f => f.Name).Distinct().Order());
    }

    [Fact]
    public async Task An_api_on_the_library_has_none()
    {
        await using var api = await RemoteApi.StartAsync(host);
        var (code, output, error) = await ProbeAsync($"{api.Client.BaseAddress}orders", "--audience", RemoteHost.Audience, "--scope", RemoteHost.Scope);
        Assert.True(code == 0, output + error);
        Assert.Contains("none accepted that must be refused", output, StringComparison.Ordinal);
        Assert.DoesNotContain("FAULT", output, StringComparison.Ordinal);
        Assert.Contains("its key rotated away and revoked", output, StringComparison.Ordinal);
        Assert.True(await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'probe_run' AND detail = $1", RemoteHost.Audience) >= 1);
    }

    [Fact]
    public async Task What_it_found_is_its_exit_code()
    {
        await using var api = await BadApi.StartAsync(ApiFault.IgnoresType, host);
        var (code, output, _) = await ProbeAsync(api.Address.AbsoluteUri);
        Assert.Equal(2, code);
        Assert.Contains("FAULT   200        an ID token", output, StringComparison.Ordinal);
        Assert.Contains("3 faults.", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Name the address to try")]
    [InlineData("is not the address of an API", "orders")]
    [InlineData("is not this machine, and is not named in Probe:AllowedHosts", "https://192.0.2.1/orders")]
    [InlineData("use https", "http://192.0.2.1/orders", "--Probe:AllowedHosts:0=192.0.2.1")]
    [InlineData("A good token was answered no answer", "http://127.0.0.1:1/orders")]
    public async Task A_mistake_is_told_in_a_line(string message, params string[] arguments)
    {
        var (code, _, error) = await ProbeAsync(arguments);
        Assert.Equal(1, code);
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    Task<(int ExitCode, string Output, string Error)> ProbeAsync(params string[] arguments) => HostProcess.RunAsync(
        "Development",
        ["probe", .. arguments, $"--ConnectionStrings:Postgres={host.ConnectionString}", $"--Issuer={HostFixture.Issuer}", $"--contentRoot={Repository.Root}"]);
}
