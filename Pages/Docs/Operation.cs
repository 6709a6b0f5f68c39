using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Pages.Docs;

/// <summary>One operation of the reference, as a person writes it down; <see cref="ApiDocument"/> makes OpenAPI of it.</summary>
/// <param name="Method">Upper case.</param>
/// <param name="Path">With its parameters in braces.</param>
/// <param name="Summary">One line.</param>
internal sealed record Operation(string Method, string Path, string Summary)
{
    public const string Json = "application/json";
    public const string Form = "application/x-www-form-urlencoded";
    public const string Multipart = "multipart/form-data";

    public string Description { get; init; } = "";

    /// <summary>The scope a token needs: <c>users:self</c>, <c>users:manage</c>, both in one string where either does; "token" for any, "client" for a client's secret, "registration" for a registration access token.</summary>
    public string? Needs { get; init; }

    /// <summary>The example body, as JSON; forms take the same members.</summary>
    public string? Body { get; init; }

    /// <summary>Every member that the body may have; of the protocol's, those that clients send most.</summary>
    public ImmutableArray<BodyMember> Members { get; init; } = [];

    /// <summary>Whether a multipart form may bring a picture.</summary>
    public bool TakesFile { get; init; }

    /// <summary>Content types of the body; the example is sent as the first.</summary>
    public ImmutableArray<string> Takes { get; init; } = [Json];

    /// <summary>Members without which the body is refused.</summary>
    public ImmutableArray<string> Required { get; init; } = [];

    /// <summary>The schema of <c>data</c>; of the whole answer for the token endpoints. Null: <c>data</c> is null.</summary>
    public string? Answer { get; init; }

    /// <summary>The content types of an answer that is no JSON, with a space between them; empty for an answer without a body.</summary>
    public string? AnswerType { get; init; }

    public int Status { get; init; } = 200;

    /// <summary>Whether it sends a browser on.</summary>
    public bool Redirects => Status is 302 or 303;

    /// <summary>Errors that are special to it, as <c>status code</c>.</summary>
    public ImmutableArray<string> Errors { get; init; } = [];

    /// <summary>Query parameters, as <c>name: meaning</c>.</summary>
    public ImmutableArray<string> Query { get; init; } = [];

    /// <summary>Whether it reads or writes a version: <c>ETag</c> in the answer, <c>If-Match</c> on a write.</summary>
    public bool Versioned { get; init; }

    /// <summary>Whether it honours <c>Idempotency-Key</c>.</summary>
    public bool Creates { get; init; }

    /// <summary>Whether it changes a version that is there, and so honours <c>If-Match</c>.</summary>
    public bool ChangesVersion => Versioned && !Creates && Method != "GET";

    /// <summary>Other addresses of the same operation, as <c>METHOD /path</c>.</summary>
    public ImmutableArray<string> Also { get; init; } = [];

    /// <summary>Whether it is one of <c>/connect</c>, which follows RFC 6749 instead of the envelope.</summary>
    public bool IsProtocol => Path.StartsWith("/connect", StringComparison.Ordinal);

    /// <summary>It and its other addresses.</summary>
    public IEnumerable<(string Method, string Path)> Addresses => Also.Select(a => (a.Split(' ')[0], a.Split(' ')[1])).Prepend((Method, Path));

    public JsonObject? Example => Body is null ? null : JsonNode.Parse(Body)!.AsObject();
}
