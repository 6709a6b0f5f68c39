using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Pages.Docs;

/// <summary>The reference as Markdown, from the same lists as the OpenAPI document.</summary>
internal static class ApiMarkdown
{
    static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, IndentSize = 2, NewLine = "\n", Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Create()
    {
        var text = new StringBuilder();
        Line("# API");
        Line("");
        Line("Written by `dotnet run -- docs > docs/api.md`; do not edit. The same as OpenAPI 3.1 is at `/openapi/v1.json`, and as a page to try at `/docs`.");
        Line("");
        Line("Answers under `/users` and `/auth` are `{\"status\":\"success\",\"message\":…,\"data\":…}`, errors `{\"status\":\"error\",\"code\":…,\"message\":…,\"errors\":[…],\"fields\":{…}}`, or RFC 9457 with `Accept: application/problem+json`.");
        Line("Messages are English or Indonesian (`Accept-Language`); codes never change. The paths `/users`, `/user`, `/auth` and `/logout` answer below `/api` too.");
        foreach (var operation in ApiDocument.Operations)
            Write(operation);
        Line("");
        Line("## How each seed is served");
        Line("");
        Line("| seed | its calls | here | what differs, and why |");
        Line("|---|---|---|---|");
        foreach (var seed in SeedDifferences.All)
            Line($"| {seed.Name} | {seed.Calls} | {seed.Here} | {string.Join("; ", seed.Differs)} |");
        return text.ToString();

        void Write(Operation operation)
        {
            Line("");
            Line($"## {operation.Method} {operation.Path}");
            Line("");
            Line(operation.Summary + (operation.Description.Length > 0 ? " " + operation.Description : ""));
            Line("");
            if (operation.Also.Length > 0)
                Line($"- also: {string.Join(", ", operation.Also.Select(a => $"`{a}`"))}");
            Line("- who: " + operation.Needs switch
            {
                null => "anyone",
                "token" => "any valid token",
                "client" => "a client with its secret",
                "registration" => "the application, with its `registration_access_token`",
                var scopes => string.Join(" or ", scopes.Split(' ').Select(s => $"`{s}`")),
            });
            foreach (var query in operation.Query)
                Line($"- `?{query.Split(": ")[0]}=` {query.Split(": ", 2)[1]}");
            if (operation.Creates)
                Line("- honours `Idempotency-Key`");
            if (operation.Versioned)
                Line(string.Join(" and ", new[] { operation.Answer is null ? null : "carries `ETag`", operation.ChangesVersion ? "honours `If-Match`" : null }.OfType<string>()).Insert(0, "- "));
            Line(string.Create(CultureInfo.InvariantCulture, $"- answers {operation.Status}") + (operation.Answer is null ? "" : $" with {operation.Answer}"));
            if (operation.Members.Length > 0)
                Line($"- takes: {string.Join(", ", operation.Members.Select(m => $"`{m.Name}`" + (operation.Required.Contains(m.Name) ? " (required)" : "")))}");
            if (operation.Errors.Length > 0)
                Line($"- errors: {string.Join(", ", operation.Errors.Select(e => $"`{e}`"))}");
            if (operation.Example is not { } example)
                return;
            Line("");
            Line("```json");
            Line(example.ToJsonString(Indented));
            Line("```");
        }

        void Line(string line) => text.Append(line).Append('\n');
    }
}
