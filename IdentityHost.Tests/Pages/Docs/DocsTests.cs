using System.Net;
using System.Text.Json.Nodes;
using IdentityHost.Tests.Support;
using IdentityHost.Tests.Users;
using IdentityHost.Tests.Users.Pictures;
using IdentityHost.Users.Api;
using Microsoft.AspNetCore.Routing;
using Pages.Docs;

namespace IdentityHost.Tests.Pages.Docs;

/// <summary>A host for the examples of the reference alone: each begins with nobody there but the admin.</summary>
public sealed class DocsHost(TestPostgres postgres) : HostFixture(postgres)
{
    protected override IEnumerable<KeyValuePair<string, string?>> Settings => [new("Registration:Open", "true")];
}

/// <summary>The OpenAPI document says what the host does: every endpoint is in it, and every example is executed.</summary>
public sealed class DocsTests(DocsHost host) : IClassFixture<DocsHost>
{
    [Fact]
    public async Task Every_endpoint_is_in_the_document_and_nothing_else()
    {
        var served = ((IEndpointRouteBuilder)host.Nodes[0].App).DataSources.SelectMany(d => d.Endpoints).OfType<RouteEndpoint>()
            .Where(e => e.RoutePattern.RawText is { } path && path.TrimStart('/').Split('/')[0] is "users" or "user" or "auth" or "logout" or "connect")
            .SelectMany(e => e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(m => $"{m} /{e.RoutePattern.RawText!.TrimStart('/')}"))
            .ToHashSet();
        var documented = Entries(await DocumentAsync()).Select(e => $"{e.Method} {e.Path}").ToHashSet();
        Assert.Equal(served.Order(StringComparer.Ordinal), documented.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_document_is_openapi_3_1_and_every_reference_leads_somewhere()
    {
        var document = await DocumentAsync();
        Assert.Equal(("3.1.0", HostFixture.Issuer), (document["openapi"]!.GetValue<string>(), document["servers"]![0]!["url"]!.GetValue<string>()));
        var ids = Entries(document).Select(e => e.Operation["operationId"]!.GetValue<string>()).ToList();
        Assert.Equal(ids.Count, ids.Distinct().Count());
        foreach (var (method, path, operation) in Entries(document))
        {
            var parameters = operation["parameters"]?.AsArray().Where(p => p!["in"]!.GetValue<string>() == "path").Select(p => p!["name"]!.GetValue<string>()) ?? [];
            Assert.Equal(path.Split('/').Where(p => p.StartsWith('{')).Select(p => p.Trim('{', '}')), parameters);
            Assert.All(operation["responses"]!.AsObject(), r => Assert.NotEmpty(r.Value!["description"]!.GetValue<string>()));
            // Every code that it names has words.
            Assert.NotEmpty(operation["summary"]!.GetValue<string>());
        }
        var schemas = document["components"]!["schemas"]!.AsObject();
        foreach (var reference in References(document))
            Assert.True(schemas.ContainsKey(reference["#/components/schemas/".Length..]), reference);
    }

    [Fact]
    public async Task Every_example_is_answered_as_the_document_says()
    {
        var document = await DocumentAsync();
        var admin = await host.Client.AdminTokenAsync();
        foreach (var (method, path, operation) in Entries(document))
        {
            var types = operation["requestBody"]?["content"]!.AsObject().Select(c => c.Key) ?? [""];
            foreach (var type in types)
                await ExecuteAsync(document, method, path, operation, type, admin);
        }
    }

    [Fact]
    public async Task Every_code_is_documented_and_has_words_in_both_languages()
    {
        var document = (await DocumentAsync()).ToJsonString();
        var codes = typeof(ApiErrors).GetProperties().Select(p => p.GetValue(null)).OfType<ApiError>().Select(e => e.Code).Append("too_many_requests").Append("unavailable").ToList();
        Assert.All(codes, code => Assert.Matches($"\\b{code}\\b", document));
        var documented = UserOperations.All.SelectMany(o => o.Errors).Select(e => e.Split(' ')[1]).Distinct();
        foreach (var code in documented.Concat(codes))
        {
            var words = new[] { "en", "id" }.Select(l => Messages.Get(code, System.Globalization.CultureInfo.GetCultureInfo(l), [])).ToList();
            Assert.Equal(2, words.Distinct(StringComparer.Ordinal).Count());
        }
    }

    /// <summary>A member that the document forgets is one that no generated client can send; one that it makes up is refused.</summary>
    [Fact]
    public async Task Every_body_takes_the_members_of_the_document_and_no_other()
    {
        await host.ExecuteAsync("DELETE FROM users WHERE user_name <> $1", HostFixture.AdminName);
        var admin = await host.Client.AdminTokenAsync();
        var all = UserOperations.All.SelectMany(o => o.Members).Select(m => m.Name).Distinct().Append("nothing").ToList();
        foreach (var operation in UserOperations.All.Where(o => o.Body is not null))
        {
            // POST /user also knows what POST /users takes, to tell who meant that.
            foreach (var (method, path) in operation.Addresses.Where(a => a != ("POST", "/user")))
            {
                // An object is refused by every member that is known, so that nothing is ever done.
                var body = new JsonObject(all.Select(name => KeyValuePair.Create(name, (JsonNode?)new JsonObject())));
                var token = operation.Needs is null ? null : admin;
                var answer = await host.Client.AskAsync(method, path.Replace("{id}", "1", StringComparison.Ordinal), token, UsersApi.Json(body.ToJsonString()));
                answer.MustBe(400, "unknown_field");
                var unknown = answer.Json["fields"]!.AsObject().Select(f => f.Key);
                Assert.Equal(all.Except(operation.Members.Select(m => m.Name)).Order(StringComparer.Ordinal), unknown.Order(StringComparer.Ordinal));
            }
        }
    }

    [Fact]
    public async Task The_markdown_in_the_repository_is_what_the_verb_prints()
    {
        var file = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "api.md"));
        Assert.True(file == ApiMarkdown.Create(), "docs/api.md is old: dotnet run -- docs > docs/api.md");
        var (code, output, error) = await HostProcess.RunAsync("Production", "docs");
        Assert.Equal((0, "", file), (code, error, output));
    }

    async Task ExecuteAsync(JsonObject document, string method, string path, JsonObject operation, string type, string admin)
    {
        var registers = method == "POST" && path is "/users/register" or "/auth/register" or "/user";
        await host.ExecuteAsync("DELETE FROM users WHERE user_name <> $1", HostFixture.AdminName);
        long id = 0;
        string token = "", sid = "";
        if (!registers)
        {
            var registered = await host.Client.PostAsync("/users/register", UserOperations.All[0].Example!);
            registered.MustBe(201);
            id = registered.Data["id"]!.GetValue<long>();
            token = await host.Client.AccessTokenAsync("aan");
            sid = (await host.Client.AskAsync("GET", "/users/current/sessions", token)).Data[0]!["id"]!.GetValue<string>();
        }
        if (path.EndsWith("/picture", StringComparison.Ordinal))
        {
            using var form = new MultipartFormDataContent { { new ByteArrayContent(SamplePictures.Png()), "profile_picture", "a.png" } };
            (await host.Client.AskAsync("PATCH", "/users/current", token, form)).MustBe(200);
        }
        if (path == "/connect/userinfo")
            token = await host.Client.AccessTokenAsync("aan", more: ("scope", "openid profile"));
        var (clientId, managementToken) = path.Contains("{client_id}", StringComparison.Ordinal) ? await RegisterApplicationAsync(document) : ("", "");
        var scheme = operation["security"]!.AsArray().FirstOrDefault()?.AsObject().First().Key;
        var manages = operation["description"]?.GetValue<string>().EndsWith("Scope: users:manage.", StringComparison.Ordinal) == true;
        using var request = new HttpRequestMessage(
            new HttpMethod(method), path.Replace("{id}", $"{id}", StringComparison.Ordinal).Replace("{sid}", sid, StringComparison.Ordinal)
                .Replace("{client_id}", clientId, StringComparison.Ordinal));
        if (scheme is not null)
            request.Headers.TryAddWithoutValidation("Authorization", scheme == "client" ? $"Basic {Convert.ToBase64String("demo-service:demo-service-secret-for-development-only"u8)}" : $"Bearer {(scheme == "registration" ? managementToken : manages ? admin : token)}");
        if (type.Length > 0)
        {
            var example = operation["requestBody"]!["content"]![type]!["example"]!.AsObject();
            if (clientId.Length > 0)
                example["client_id"] = clientId;
            (string, string)[] fields = [.. example.Select(m => (m.Key, m.Value!.ToString()))];
            request.Content = type switch
            {
                Operation.Json => UsersApi.Json(example.ToJsonString()),
                Operation.Form => UsersApi.Form(fields),
                _ => UsersApi.Multipart(fields),
            };
        }
        if (operation["responses"]!.AsObject().First().Key is "302" or "303")
            request.Headers.TryAddWithoutValidation("Accept", "text/html");
        // A stream has no end to wait for.
        using var response = await host.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var text = response.Content.Headers.ContentType?.MediaType == "text/event-stream" ? "" : await response.Content.ReadAsStringAsync();
        var status = ((int)response.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture);
        var where = $"{method} {path} {type}: {status} {text}";
        var responses = operation["responses"]!.AsObject();
        // What a browser is sent through needs what came before: without it the refusal is what the document says.
        Assert.True(status == responses.First().Key || (responses.First().Key is "302" or "303" && responses.ContainsKey(status)), where);
        if (responses[status]!["content"] is not JsonObject content)
            return;
        Assert.True(content.ContainsKey(response.Content.Headers.ContentType!.MediaType!), where);
        if (content[Operation.Json]?["schema"] is JsonObject schema)
            MustMatch(document, schema, JsonNode.Parse(text), where);
    }

    async Task<(string ClientId, string Token)> RegisterApplicationAsync(JsonObject document)
    {
        var example = document["paths"]!["/connect/register"]!["post"]!["requestBody"]!["content"]![Operation.Json]!["example"]!;
        using var answer = await host.Client.PostAsync("/connect/register", UsersApi.Json(example.ToJsonString()));
        var body = await answer.JsonAsync();
        return (body["client_id"]!.GetValue<string>(), body["registration_access_token"]!.GetValue<string>());
    }

    /// <summary>As much of JSON Schema as the document uses.</summary>
    static void MustMatch(JsonObject document, JsonObject schema, JsonNode? value, string where)
    {
        if (schema["$ref"]?.GetValue<string>() is { } reference)
        {
            MustMatch(document, document["components"]!["schemas"]![reference["#/components/schemas/".Length..]]!.AsObject(), value, where);
            return;
        }
        var type = value is null ? "null" : value.GetValueKind() switch
        {
            System.Text.Json.JsonValueKind.Object => "object",
            System.Text.Json.JsonValueKind.Array => "array",
            System.Text.Json.JsonValueKind.Number => "number",
            System.Text.Json.JsonValueKind.String => "string",
            _ => "boolean",
        };
        var allowed = schema["type"] is JsonArray several ? several.Select(t => t!.GetValue<string>()).ToList() : [schema["type"]!.GetValue<string>()];
        Assert.True(allowed.Contains(type) || (type == "number" && allowed.Contains("integer")), $"{type} is none of {string.Join(", ", allowed)}: {where}");
        if (schema["const"] is { } only)
            Assert.Equal(only.ToJsonString(), value!.ToJsonString());
        if (value is JsonObject members)
        {
            Assert.All(schema["required"]?.AsArray() ?? [], name => Assert.True(members.ContainsKey(name!.GetValue<string>()), $"{name} is missing: {where}"));
            foreach (var (name, member) in members)
            {
                if (schema["properties"]?[name] is JsonObject property)
                    MustMatch(document, property, member, where);
            }
        }
        foreach (var item in value as JsonArray ?? [])
            MustMatch(document, schema["items"]!.AsObject(), item, where);
    }

    async Task<JsonObject> DocumentAsync()
    {
        using var response = await host.Client.GetAsync(DocsSetup.Path);
        Assert.Equal((HttpStatusCode.OK, "application/json"), (response.StatusCode, response.Content.Headers.ContentType!.MediaType));
        return await response.JsonAsync();
    }

    static IEnumerable<(string Method, string Path, JsonObject Operation)> Entries(JsonObject document) =>
        document["paths"]!.AsObject().SelectMany(p => p.Value!.AsObject(), (p, o) => (o.Key.ToUpperInvariant(), p.Key, o.Value!.AsObject()));

    static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject members => members.SelectMany(m => m.Key == "$ref" ? [m.Value!.GetValue<string>()] : References(m.Value)),
        JsonArray items => items.SelectMany(References),
        _ => [],
    };
}
