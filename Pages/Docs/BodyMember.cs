using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Pages.Docs;

/// <summary>A member that a body may have.</summary>
/// <param name="Name">As it is sent.</param>
/// <param name="Schema">What it may hold, in JSON and in both kinds of form.</param>
internal sealed record BodyMember(string Name, string Schema)
{
    public const string PictureName = "profile_picture";

    public static BodyMember Username { get; } = new("username", """{"type":"string","minLength":3,"maxLength":64,"pattern":"^[A-Za-z0-9._-]+$"}""");

    /// <summary>Of a sign-in, which takes both.</summary>
    public static BodyMember Identifier { get; } = new("username", """{"type":"string","description":"A username or an e-mail."}""");

    public static BodyMember IdentifyingEmail { get; } = new("email", """{"type":"string","description":"Instead of username."}""");

    public static BodyMember Email { get; } = new("email", """{"type":["string","null"],"maxLength":254}""");

    public static BodyMember FullName { get; } = new("name", """{"type":["string","null"],"maxLength":100,"description":"nama is the same."}""");

    public static BodyMember Weight { get; } = new("weight", """{"type":["number","string","null"],"minimum":0.1,"maximum":1000,"description":"Kilograms, with one decimal; a string may hold the number."}""");

    public static BodyMember Height { get; } = new("height", """{"type":["number","string","null"],"minimum":1,"maximum":300,"description":"Centimetres, with one decimal; a string may hold the number."}""");

    public static BodyMember Role { get; } = new("role", """{"type":"string","enum":["USER","ADMIN"]}""");

    public static BodyMember Status { get; } = new("status", """{"type":"boolean"}""");

    public static BodyMember Password { get; } = new("password", """{"type":"string","maxLength":128}""");

    public static BodyMember OldPassword { get; } = new("old_password", """{"type":"string"}""");

    public static BodyMember NewPassword { get; } = new("new_password", """{"type":"string","maxLength":128}""");

    /// <summary>A new one comes as a file in a multipart form.</summary>
    public static BodyMember Picture { get; } = new(PictureName, """{"type":"null","description":"null takes the picture away."}""");

    /// <summary>Of the protocol: its RFC says what it holds.</summary>
    public static ImmutableArray<BodyMember> Texts(params ReadOnlySpan<string> names) => [.. names.ToArray().Select(n => new BodyMember(n, """{"type":"string"}"""))];

    /// <summary>The members as <c>properties</c> of a body of one content type.</summary>
    public static JsonObject Properties(IEnumerable<BodyMember> members, string contentType, bool takesFile)
    {
        var properties = new JsonObject();
        foreach (var member in members)
        {
            // Forms have no null.
            if (member.Name != PictureName || contentType == Operation.Json)
                properties[member.Name] = JsonNode.Parse(member.Schema);
            else if (takesFile && contentType == Operation.Multipart)
                properties[member.Name] = new JsonObject { ["type"] = "string", ["contentMediaType"] = "application/octet-stream", ["description"] = "A PNG or JPEG." };
        }
        return properties;
    }
}
