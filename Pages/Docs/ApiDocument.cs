using System.Globalization;
using System.Text.Json.Nodes;

namespace Pages.Docs;

/// <summary>The OpenAPI 3.1 document of <c>/users</c>, <c>/auth</c> and <c>/connect</c>, from the lists of operations.</summary>
internal static class ApiDocument
{
    public static IEnumerable<Operation> Operations => UserOperations.All.Concat(ConnectOperations.All);

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
            ["info"] = new JsonObject { ["title"] = "IdentityHost", ["version"] = "1", ["description"] = "Accounts and tokens. Every answer under /users and /auth is in one envelope; /connect follows the RFCs." },
            ["servers"] = new JsonArray(new JsonObject { ["url"] = issuer }),
            ["tags"] = new JsonArray(new JsonObject { ["name"] = "users" }, new JsonObject { ["name"] = "connect" }),
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
        if (operation.Needs is { } needs)
            written["security"] = new JsonArray(new JsonObject { [needs is "client" or "registration" ? needs : "token"] = new JsonArray() });
        if (Parameters(operation, method, path) is { Count: > 0 } parameters)
            written["parameters"] = parameters;
        if (operation.Example is { } example)
            written["requestBody"] = Body(operation, example);
        written["responses"] = Responses(operation);
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

    static JsonArray Parameters(Operation operation, string method, string path)
    {
        var parameters = new JsonArray();
        foreach (var name in path.Split('/').Where(p => p.StartsWith('{')).Select(p => p.Trim('{', '}')))
        {
            var account = name == "id" && !operation.IsProtocol;
            Add(name, "path", account ? "Of the account." : name == "client_id" ? "Of the application." : operation.IsProtocol ? "Of the request." : "Of the session.", account ? "integer" : "string");
        }
        foreach (var query in operation.Query)
            Add(query.Split(": ")[0], "query", query.Split(": ", 2)[1], "string");
        if (operation.Versioned && method is "PUT" or "PATCH" or "DELETE")
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
            var properties = new JsonObject(example.Select(m => KeyValuePair.Create(m.Key, (JsonNode?)new JsonObject { ["type"] = TypeOf(m.Value) })));
            if (type == Operation.Multipart && operation.Path == "/users/current")
                properties["profile_picture"] = new JsonObject { ["type"] = "string", ["contentMediaType"] = "application/octet-stream" };
            content[type] = new JsonObject { ["schema"] = ApiSchemas.Object(properties, operation.Required), ["example"] = example.DeepClone() };
        }
        return new JsonObject { ["required"] = operation.Required.Length > 0, ["content"] = content };
    }

    static string TypeOf(JsonNode? value) => value!.GetValueKind() switch
    {
        System.Text.Json.JsonValueKind.Number => "number",
        System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False => "boolean",
        _ => "string",
    };

    static JsonObject Responses(Operation operation)
    {
        var success = new JsonObject { ["description"] = operation.Redirects ? "A redirect." : "Done." };
        if (operation.Versioned && operation.Answer is not null)
            success["headers"] = new JsonObject { ["ETag"] = new JsonObject { ["schema"] = new JsonObject { ["type"] = "string" } } };
        if (operation.AnswerType is { Length: > 0 } type)
            success["content"] = new JsonObject { [type] = new JsonObject() };
        else if (operation.AnswerType is null && !operation.Redirects)
            success["content"] = Content(operation.IsProtocol ? ApiSchemas.Ref(operation.Answer!) : Envelope(operation.Answer));
        var responses = new JsonObject { [operation.Status.ToString(CultureInfo.InvariantCulture)] = success };
        foreach (var status in AllErrors(operation).GroupBy(e => e.Split(' ')[0]).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            responses[status.Key] = new JsonObject
            {
                ["description"] = string.Join(", ", status.Select(e => e.Split(' ')[1]).Distinct()),
                // Who came by a browser is told by a page.
                ["content"] = operation is { IsProtocol: true, Redirects: true }
                    ? new JsonObject { ["text/html"] = new JsonObject() }
                    : Content(ApiSchemas.Ref(operation.IsProtocol ? "ProtocolError" : "Error")),
            };
        }
        return responses;
    }

    /// <summary>Its own, and those that all of its kind have.</summary>
    static IEnumerable<string> AllErrors(Operation operation)
    {
        IEnumerable<string> errors = operation.Errors;
        if (operation.IsProtocol)
            return errors.Append("503 temporarily_unavailable");
        if (operation.Body is not null)
            errors = errors.Concat(["400 invalid_request", "400 unknown_field", "413 too_large", "415 unsupported_media_type"]);
        if (operation.Needs is not null)
            errors = errors.Concat(["401 unauthorized", "401 token_revoked"]);
        if (operation.Needs is not null and not "token")
            errors = errors.Concat(["403 forbidden", "403 insufficient_scope"]).Concat(operation.Needs.Contains("manage", StringComparison.Ordinal) ? ["403 admin_required"] : []);
        if (operation.Versioned && operation.Method is "PUT" or "PATCH" or "DELETE")
            errors = errors.Concat(["412 precondition_failed", "428 precondition_required"]);
        return errors.Append("503 unavailable");
    }

    static JsonObject Content(JsonObject schema) => new() { [Operation.Json] = new JsonObject { ["schema"] = schema } };

    static JsonObject Envelope(string? data)
    {
        var properties = new JsonObject
        {
            ["status"] = new JsonObject { ["type"] = "string", ["const"] = "success" },
            ["message"] = new JsonObject { ["type"] = "string" },
            ["data"] = data is null ? new JsonObject { ["type"] = "null" } : ApiSchemas.Ref(data),
        };
        if (data == "Users")
            properties["page"] = ApiSchemas.Ref("Page");
        return ApiSchemas.Object(properties, "status", "message", "data");
    }
}
