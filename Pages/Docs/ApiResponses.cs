using System.Globalization;
using System.Text.Json.Nodes;

namespace Pages.Docs;

/// <summary>What an operation answers: its success, every error that it has, and their headers.</summary>
internal static class ApiResponses
{
    const string Problem = "application/problem+json";

    public static JsonObject Of(Operation operation)
    {
        var responses = new JsonObject { [operation.Status.ToString(CultureInfo.InvariantCulture)] = Success(operation) };
        foreach (var status in Errors(operation).GroupBy(e => e.Split(' ')[0]).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            var codes = status.Select(e => e.Split(' ')[1]).Distinct().ToList();
            var error = new JsonObject { ["description"] = string.Join(", ", codes) };
            if (Headers(status.Key, codes) is { Count: > 0 } headers)
                error["headers"] = headers;
            error["content"] = Content(operation);
            responses[status.Key] = error;
        }
        return responses;
    }

    static JsonObject Success(Operation operation)
    {
        var success = new JsonObject { ["description"] = operation.Redirects ? "A redirect." : "Done." };
        var headers = new JsonObject();
        if (operation.Versioned && operation.Answer is not null)
            headers["ETag"] = Header("The version, for If-Match.");
        if (operation.Answer == "Users")
            headers["Link"] = Header("The next page, with rel=\"next\" (RFC 8288); absent on the last.");
        if (operation.Redirects)
            headers["Location"] = Header("Where to.");
        if (headers.Count > 0)
            success["headers"] = headers;
        if (operation.AnswerType is { Length: > 0 } types)
            success["content"] = new JsonObject(types.Split(' ').Select(type => KeyValuePair.Create(type, (JsonNode?)new JsonObject())));
        else if (operation.AnswerType is null && !operation.Redirects)
            success["content"] = Json(operation.IsProtocol ? ApiSchemas.Ref(operation.Answer!) : Envelope(operation.Answer));
        return success;
    }

    /// <summary>Who came by a browser is told by a page.</summary>
    static JsonObject Content(Operation operation)
    {
        if (operation is { IsProtocol: true, Redirects: true })
            return new JsonObject { ["text/html"] = new JsonObject() };
        if (operation.IsProtocol)
            return Json(ApiSchemas.Ref("ProtocolError"));
        var content = Json(ApiSchemas.Ref("Error"));
        content[Problem] = new JsonObject { ["schema"] = ApiSchemas.Ref("Problem") };
        return content;
    }

    static JsonObject Headers(string status, List<string> codes)
    {
        var headers = new JsonObject();
        // Wrong credentials in a body are no matter of a token.
        if (status == "401" && codes.Exists(c => c != "invalid_credentials"))
            headers["WWW-Authenticate"] = Header("RFC 6750 §3.");
        if (codes.Contains("insufficient_scope"))
            headers["WWW-Authenticate"] = Header("With insufficient_scope: which scope is missing.");
        if (status is "429" or "503")
            headers["Retry-After"] = Header("Seconds.");
        return headers;
    }

    static JsonObject Header(string meaning) => new() { ["description"] = meaning, ["schema"] = new JsonObject { ["type"] = "string" } };

    /// <summary>Its own, and those that all of its kind have.</summary>
    static IEnumerable<string> Errors(Operation operation)
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
        if (operation.ChangesVersion)
            errors = errors.Concat(["412 precondition_failed", "428 precondition_required"]);
        return errors.Append("503 unavailable");
    }

    static JsonObject Json(JsonObject schema) => new() { [Operation.Json] = new JsonObject { ["schema"] = schema } };

    static JsonObject Envelope(string? data)
    {
        var properties = new JsonObject
        {
            ["status"] = new JsonObject { ["type"] = "string", ["const"] = "success" },
            ["message"] = new JsonObject { ["type"] = "string" },
            ["data"] = data is null ? new JsonObject { ["type"] = "null" } : ApiSchemas.Ref(data),
        };
        List<string> required = ["status", "message", "data"];
        // What stands beside the data.
        if (data switch { "Users" => "page", "Login" => "token", "Ok" => "details", _ => null } is { } beside)
        {
            properties[beside] = beside == "token" ? new JsonObject { ["type"] = "string" } : ApiSchemas.Ref(beside == "page" ? "Page" : "Details");
            required.Add(beside);
        }
        return ApiSchemas.Object(properties, required);
    }
}
