using System.Text.Json;
using System.Text.Json.Nodes;

namespace IdentityHost.Tests.Conformance;

/// <summary>The standard claims, the scope that asks for each, and what kind of value each must have (OpenID Connect Core §5.1, §5.4).</summary>
static class ClaimTypes
{
    /// <summary>The claims that these scopes ask for, in alphabetical order.</summary>
    public static IEnumerable<string> Of(string scopes) => scopes.Split(' ').SelectMany(OfScope).Order(StringComparer.Ordinal);

    public static void Valid(JsonObject told) => Assert.All(told, claim => Assert.True(IsOfItsKind(claim.Key, claim.Value!), $"{claim.Key}: {claim.Value!.ToJsonString()}"));

    static bool IsOfItsKind(string name, JsonNode value) => name switch
    {
        "email_verified" or "phone_number_verified" => value.GetValueKind() is JsonValueKind.True or JsonValueKind.False,
        // In seconds: one in milliseconds would be in the far future.
        "updated_at" => value.GetValueKind() == JsonValueKind.Number && value.GetValue<long>() is > 0 and < 10_000_000_000,
        "address" => value.GetValueKind() == JsonValueKind.Object && value.AsObject().All(m => m.Value!.GetValueKind() == JsonValueKind.String),
        _ => value.GetValueKind() == JsonValueKind.String && value.GetValue<string>().Length > 0,
    };

    /// <summary>Those this server has of somebody without a picture. The profile scope knows ten more, and a server need not have them (§5.3.2).</summary>
    static string[] OfScope(string scope) => scope switch
    {
        "openid" => ["sub"],
        "profile" => ["name", "preferred_username", "updated_at"],
        "email" => ["email", "email_verified"],
        "phone" => ["phone_number", "phone_number_verified"],
        "address" => ["address"],
        _ => throw new ArgumentOutOfRangeException(nameof(scope), scope, "No scope of claims."),
    };
}
