using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Conformance;

/// <summary><c>oidcc-config-certification-test-plan</c>.</summary>
[Collection(ConformanceHost.Name)]
[Trait("Plan", "Config OP")]
public sealed class ConfigPlanTests(ConformanceHost host)
{
    [Fact(DisplayName = "oidcc-discovery-endpoint-verification")]
    public Task DiscoveryEndpointVerification() => VerifyAsync(host);

    /// <summary>Both nodes, as the suite's requests may come to either.</summary>
    internal static async Task VerifyAsync(ConformanceHost host)
    {
        var metadata = await Metadata.ReadAsync(host);
        foreach (var node in host.Nodes)
        {
            using var answer = await node.Client.GetAsync("/.well-known/openid-configuration");
            Assert.Equal((HttpStatusCode.OK, metadata.ToJsonString()), (answer.StatusCode, (await answer.JsonAsync()).ToJsonString()));
        }
        Assert.Equal(HostFixture.Issuer, metadata["issuer"]!.GetValue<string>());
        Assert.True(Uri.TryCreate(HostFixture.Issuer, UriKind.Absolute, out var issuer) && issuer is { Query: "", Fragment: "" });

        // Of the issuer's own scheme, which is https wherever it is not this machine.
        foreach (var name in (string[])["authorization_endpoint", "token_endpoint", "userinfo_endpoint", "registration_endpoint", "jwks_uri"])
            Assert.True(metadata.ContainsKey(name), name);
        foreach (var (name, value) in metadata.Where(m => m.Key.EndsWith("_endpoint", StringComparison.Ordinal) || m.Key == "jwks_uri"))
            Assert.True(Uri.TryCreate(value!.GetValue<string>(), UriKind.Absolute, out var uri) && uri.Scheme == issuer.Scheme && uri.Fragment == "", name);

        Assert.Contains("code", Texts(metadata, "response_types_supported"));
        Assert.Contains("authorization_code", Texts(metadata, "grant_types_supported"));
        Assert.NotEmpty(Texts(metadata, "subject_types_supported"));
        Assert.All(Texts(metadata, "subject_types_supported"), t => Assert.Contains(t, (string[])["public", "pairwise"]));
        Assert.Contains("RS256", Texts(metadata, "id_token_signing_alg_values_supported"));
        Assert.Contains("RS256", Texts(metadata, "userinfo_signing_alg_values_supported"));
        Assert.Contains("openid", Texts(metadata, "scopes_supported"));
        Assert.All(Texts(metadata, "scopes_supported"), s => Assert.All(s, c => Assert.True(c is '!' or (>= '#' and <= '[') or (>= ']' and <= '~'))));
        Assert.Contains("sub", Texts(metadata, "claims_supported"));
        Assert.All(Texts(metadata, "ui_locales_supported"), l => Assert.Matches("^[a-z]{2,3}(-[A-Z]{2})?$", l));
        Assert.Equal(["S256"], Texts(metadata, "code_challenge_methods_supported"));
        foreach (var name in (string[])["claims_parameter_supported", "request_parameter_supported", "request_uri_parameter_supported"])
            Assert.True(metadata[name]!.GetValueKind() is JsonValueKind.True or JsonValueKind.False, name);
        Assert.Contains((await Metadata.KeysAsync(host)).Select(k => k["kty"]!.GetValue<string>()), t => t == "RSA");
    }

    internal static IReadOnlyList<string> Texts(JsonObject metadata, string name) => [.. metadata[name]!.AsArray().Select(v => v!.GetValue<string>())];
}
