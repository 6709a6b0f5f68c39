using System.Text.Json.Nodes;
using IdentityHost.Tests.Support;
using Pages.Docs;

namespace IdentityHost.Tests.Clients;

/// <summary>
/// What others make of <c>/openapi/v1.json</c>: npm <c>openapi-schema-validator</c> and Redocly's linter find nothing wrong with it, and a client that
/// <c>openapi-typescript</c> generates of it compiles strictly and goes the whole way.
/// </summary>
public sealed class GeneratedClientTests(LibraryHost host) : IClassFixture<LibraryHost>
{
    static readonly string Generated = Path.Combine(Npm.Folder, "generated");

    [Fact]
    public async Task The_document_is_valid()
    {
        await Npm.InstallAsync();
        var found = JsonNode.Parse(await Npm.RunAsync("node", "openapi-validate.mjs", await DocumentAsync("validated.json")))!;
        Assert.Equal(("3.1", "null"), (found["version"]!.GetValue<string>(), found["errors"]?.ToJsonString() ?? "null"));
        Assert.True(found["valid"]!.GetValue<bool>());
        Assert.Empty(found["complaints"]!.AsArray().Select(c => c!.GetValue<string>()));
    }

    [Fact]
    public async Task A_generated_client_compiles_strictly_and_goes_the_whole_way()
    {
        await Npm.InstallAsync();
        var document = await DocumentAsync("openapi.json");
        // Where tsc and node find both the types and the packages.
        File.Copy(Path.Combine(Npm.Folder, "generated-client.ts"), Path.Combine(Generated, "generated-client.ts"), overwrite: true);
        await Npm.RunAsync("node", "node_modules/openapi-typescript/bin/cli.js", document, "--output", Path.Combine(Generated, "openapi.d.ts"));
        await Npm.RunAsync("node", "node_modules/typescript/bin/tsc", "--project", "tsconfig.json");

        var username = BackChannel.NewName();
        var printed = await Npm.RunAsync("node", "generated/generated-client.js", host.Address, username);
        var steps = printed.Trim().Split('\n').Select(line => JsonNode.Parse(line)!).ToDictionary(s => s["step"]!.GetValue<string>(), StringComparer.Ordinal);

        var id = steps["register"]["id"]!.GetValue<long>();
        Is("register", new { id, username, verified = false, picture = (string?)null });
        Is("taken", new { status = 409, code = "username_taken", members = 1 });
        Is("login", new { id, tokenType = "Bearer", expiresIn = 600, refreshes = true });
        Is("current", new { id, role = "USER", methods = new[] { "password" }, weight = 58.5 });
        Is("update", new { name = "Aan V", weight = 60, height = (double?)null });
        Is("late", new { status = 412, code = "precondition_failed" });
        Is("list", new { name = "Aan V", status = 403, code = "admin_required" });
        Is("sessions", new { count = 1, current = true });
        Is("logout", new { data = "OK", username });
        Is("after", new { status = 401, code = "token_revoked", challenge = $"Bearer realm=\"{host.Address}\", error=\"invalid_token\", error_description=\"The token has been revoked\"" });

        void Is(string step, object facts)
        {
            var expected = System.Text.Json.JsonSerializer.SerializeToNode(facts)!.AsObject();
            expected["step"] = step;
            Assert.True(JsonNode.DeepEquals(expected, steps[step]), $"{expected.ToJsonString()}\n{steps[step].ToJsonString()}");
        }
    }

    /// <summary>The document as this host serves it, in a file.</summary>
    async Task<string> DocumentAsync(string name)
    {
        var file = Path.Combine(Directory.CreateDirectory(Generated).FullName, name);
        await File.WriteAllTextAsync(file, await host.Nodes[0].Client.GetStringAsync(DocsSetup.Path));
        return file;
    }
}
