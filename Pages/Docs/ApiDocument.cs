using System.Globalization;
using System.Text.Json.Nodes;

namespace Pages.Docs;

/// <summary>The OpenAPI 3.1 document of <c>/users</c>, <c>/auth</c> and <c>/connect</c>, from the lists of operations.</summary>
internal static class ApiDocument
{
    public static IEnumerable<Operation> Operations => UserOperations.All.Concat(ConnectOperations.All);

    const string About =
        "Accounts and tokens. Every answer under /users and /auth is in one envelope; /connect follows the RFCs. "
        + "Messages are English, or Indonesian with Accept-Language: id; codes never change. The paths under /users, /user, /auth and /logout answer below /api too. "
        + "A path or a picture that is nobody's is 404 not_found, a method that a path does not have 405 method_not_allowed, a fault of ours 500 server_error.";

    /// <param name="issuer">The public base URL.</param>
    public static JsonObject Create(string issuer)
    {
        var paths = new JsonObject();
        foreach (var operation in Operations)
        {
            foreach (var (method, path) in operation.Addresses)
            {
                if (paths[path] is not JsonObject item)
                    paths[path] = item = [];
                var written = Write(operation, method, path);
                // POST /users without a token is a registration; the document has one entry for each method of a path.
                item.TryAdd(method.ToLowerInvariant(), written);
            }
        }
        return new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject { ["title"] = "IdentityHost", ["version"] = "1", ["description"] = About },
            ["servers"] = new JsonArray(new JsonObject { ["url"] = issuer }),
            ["tags"] = new JsonArray(
                new JsonObject { ["name"] = "users", ["description"] = "Accounts, and signing in to them, in the envelope." },
                new JsonObject { ["name"] = "connect", ["description"] = "OAuth 2.1 and OpenID Connect, after their RFCs." }),
            ["paths"] = paths,
            ["components"] = new JsonObject
            {
                ["schemas"] = ApiSchemas.All(),
                ["securitySchemes"] = new JsonObject
                {
                    ["token"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer", ["bearerFormat"] = "JWT" },
                    ["registration"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer", ["description"] = "The registration_access_token of the application." },
                    ["client"] = new JsonObject { ["type"] = "http", ["scheme"] = "basic", ["description"] = "client_id and client_secret." },
                },
            },
        };
    }

    static JsonObject Write(Operation operation, string method, string path)
    {
        var written = new JsonObject
        {
            ["operationId"] = Id(method, path),
            ["tags"] = new JsonArray(operation.IsProtocol ? "connect" : "users"),
            ["summary"] = operation.Summary,
        };
        if (Description(operation, path) is { Length: > 0 } description)
            written["description"] = description;
        written["security"] = operation.Needs is { } needs ? new JsonArray(new JsonObject { [needs is "client" or "registration" ? needs : "token"] = new JsonArray() }) : [];
        if (Parameters(operation, path) is { Count: > 0 } parameters)
            written["parameters"] = parameters;
        if (operation.Example is { } example)
            written["requestBody"] = Body(operation, example);
        written["responses"] = ApiResponses.Of(operation);
        return written;
    }

    /// <summary>E.g. <c>patchUsersIdStatus</c>.</summary>
    static string Id(string method, string path) => method.ToLowerInvariant() + string.Concat(
        path.Split('/', StringSplitOptions.RemoveEmptyEntries).Select(p => p.Trim('{', '}')).Select(p => char.ToUpperInvariant(p[0]) + p[1..]));

    static string Description(Operation operation, string path)
    {
        var scope = operation.Needs is null or "token" or "client" or "registration" ? "" : $"Scope: {string.Join(" or ", operation.Needs.Split(' '))}.";
        var alias = path == operation.Path ? "" : $"The same as {operation.Method} {operation.Path}.";
        return string.Join(' ', new[] { alias, operation.Description, scope }.Where(t => t.Length > 0));
    }

    static JsonArray Parameters(Operation operation, string path)
    {
        var parameters = new JsonArray();
        foreach (var name in path.Split('/').Where(p => p.StartsWith('{')).Select(p => p.Trim('{', '}')))
        {
            var account = name == "id" && !operation.IsProtocol;
            Add(name, "path", account ? "Of the account." : name == "client_id" ? "Of the application." : operation.IsProtocol ? "Of the request." : "Of the session.", account ? "integer" : "string");
        }
        foreach (var query in operation.Query)
            Add(query.Split(": ")[0], "query", query.Split(": ", 2)[1], "string");
        if (operation.ChangesVersion)
            Add("If-Match", "header", "The ETag that was read; 412 where the account has changed since.", "string");
        if (operation.Creates)
            Add("Idempotency-Key", "header", "The same key gets the same answer for 24 hours.", "string");
        return parameters;

        void Add(string name, string place, string meaning, string type) => parameters.Add((JsonNode)new JsonObject
        {
            ["name"] = name,
            ["in"] = place,
            ["required"] = place == "path",
            ["description"] = meaning,
            ["schema"] = type == "integer" ? new JsonObject { ["type"] = type, ["format"] = "int64" } : new JsonObject { ["type"] = type },
        });
    }

    static JsonObject Body(Operation operation, JsonObject example)
    {
        var content = new JsonObject();
        foreach (var type in operation.Takes)
        {
            var schema = ApiSchemas.Object(BodyMember.Properties(operation.Members, type, operation.TakesFile), operation.Required);
            // What the users API does not know it refuses, lest a client believe that it was taken; the RFCs want it ignored.
            schema["additionalProperties"] = operation.IsProtocol;
            content[type] = new JsonObject { ["schema"] = schema, ["example"] = example.DeepClone() };
        }
        return new JsonObject { ["required"] = operation.Required.Length > 0, ["content"] = content };
    }
}
