using System.Text.Json;
using System.Text.Json.Serialization;
using IdentityHost.Users;

namespace IdentityHost.Verbs;

/// <summary>One account as a line of JSON, for <c>users import</c> and <c>users export</c>. Only the username is required.</summary>
internal sealed record UserLine
{
    public string? Username { get; init; }
    public string? Email { get; init; }
    public bool EmailVerified { get; init; }
    public string? Name { get; init; }
    public decimal? Weight { get; init; }
    public decimal? Height { get; init; }
    public string? Role { get; init; }

    /// <summary>Active where it is not said.</summary>
    public bool? Status { get; init; }

    public bool MustChangePassword { get; init; }

    /// <summary>ASP.NET Core Identity's version 3; one with fewer rounds than ours is replaced at the next sign-in.</summary>
    public string? PasswordHash { get; init; }

    public DateTime? CreatedAt { get; init; }

    /// <summary>Only written; an import gives ids of its own.</summary>
    public long? Id { get; init; }

    /// <exception cref="JsonException">It is no JSON object, or has a member of another name or type.</exception>
    public static UserLine Parse(ReadOnlySpan<byte> line) =>
        JsonSerializer.Deserialize(line, UserLineJson.Default.UserLine) ?? throw new JsonException("not an object");

    /// <summary>What is wrong with it, or null: the rules of the API, since it is the same account afterwards.</summary>
    public string? Fault()
    {
        var error = AccountRules.Together(
            AccountRules.Username(Username),
            Email is null ? null : AccountRules.Email(Email),
            Name is null ? null : AccountRules.Name(Name),
            AccountRules.Weight(Weight),
            AccountRules.Height(Height));
        return error is not null ? error.Code
            : Role is not (null or "USER" or "ADMIN") ? "role must be USER or ADMIN"
            : EmailVerified && Email is null ? "email_verified without an email"
            : PasswordHash is not null && !IsIdentityV3(PasswordHash) ? "password_hash is no hash of Identity's version 3"
            : null;
    }

    /// <summary>Marker 1, a known PRF, rounds, a salt and a key of 128 bits at least.</summary>
    static bool IsIdentityV3(string hash)
    {
        Span<byte> bytes = stackalloc byte[256];
        return hash.Length <= 340 && Convert.TryFromBase64String(hash, bytes, out var length) && length >= 13 + 16 + 16 && bytes[0] == 1
            && Number(bytes[1..]) <= 2 && Number(bytes[5..]) is >= 1000 and <= 10_000_000 && Number(bytes[9..]) is >= 16 and <= 64 and var salt && length >= 13 + salt + 16;
    }

    static uint Number(ReadOnlySpan<byte> bytes) => System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes);

    /// <summary>Without the hash.</summary>
    public override string ToString() => $"user {Username}";
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(UserLine))]
internal sealed partial class UserLineJson : JsonSerializerContext;
