using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using IdentityHost.Data.Entities;

namespace IdentityHost.Users.Api;

/// <summary>A user as the API writes one, for themself and for those who manage users.</summary>
internal sealed record UserBody
{
    public required long Id { get; init; }
    public required string Username { get; init; }
    public required string? Email { get; init; }
    public required bool EmailVerified { get; init; }

    /// <summary>The address they asked for; it takes effect when it is confirmed.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public required string? PendingEmail { get; init; }
    public required string? Name { get; init; }

    /// <summary>The name again for seed 000's clients, who ask in Indonesian.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonConverter(typeof(NamaConverter))]
    public required Edit<string?>? Nama { get; init; }

    /// <summary>A path of this host, which changes with the picture.</summary>
    public required string? ProfilePicture { get; init; }
    public required decimal? Weight { get; init; }
    public required decimal? Height { get; init; }
    public required string Role { get; init; }
    public required bool Status { get; init; }
    public required IReadOnlyList<string> SignInMethods { get; init; }
    public required bool MustChangePassword { get; init; }

    [JsonConverter(typeof(InstantConverter))]
    public required DateTime? LastSignInAt { get; init; }

    [JsonConverter(typeof(InstantConverter))]
    public required DateTime? CreatedAt { get; init; }

    [JsonConverter(typeof(InstantConverter))]
    public required DateTime? UpdatedAt { get; init; }

    /// <param name="user">Whom.</param>
    /// <param name="context">The request, for its language.</param>
    public static UserBody Of(UserView user, HttpContext context) => new()
    {
        Id = user.Id,
        Username = user.Username,
        Email = user.Email,
        EmailVerified = user.EmailVerified,
        PendingEmail = user.PendingEmail,
        Name = user.Name,
        Nama = Messages.IsIndonesian(Messages.Language(context)) ? new Edit<string?>(user.Name) : null,
        ProfilePicture = user.PictureVersion is { } version ? string.Create(CultureInfo.InvariantCulture, $"/users/{user.Id}/picture?v={version}") : null,
        Weight = user.Weight,
        Height = user.Height,
        Role = UserRoles.NameOf(user.Role),
        Status = user.Status,
        SignInMethods = [.. Methods(user)],
        MustChangePassword = user.MustChangePassword,
        LastSignInAt = user.LastSignInAt,
        CreatedAt = user.CreatedAt,
        UpdatedAt = user.UpdatedAt,
    };

    static IEnumerable<string> Methods(UserView user)
    {
        if (user.HasPassword)
            yield return "password";
        if (user.HasGoogle)
            yield return "google";
    }
}

/// <summary>There, though somebody has no name: seed 000's clients read the member of everybody.</summary>
internal sealed class NamaConverter : JsonConverter<Edit<string?>?>
{
    public override Edit<string?>? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new Edit<string?>(reader.GetString());

    public override void Write(Utf8JsonWriter writer, Edit<string?>? value, JsonSerializerOptions options) => writer.WriteStringValue(value?.Value);
}

/// <summary>UTC with milliseconds and Z, as seeds 001 and 003 show.</summary>
internal sealed class InstantConverter : JsonConverter<DateTime?>
{
    public static string Text(DateTime instant) => instant.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    public override DateTime? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTime();

    public override void Write(Utf8JsonWriter writer, DateTime? value, JsonSerializerOptions options)
    {
        if (value is { } instant)
            writer.WriteStringValue(Text(instant));
        else
            writer.WriteNullValue();
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, GenerationMode = JsonSourceGenerationMode.Default)]
[JsonSerializable(typeof(UserBody))]
[JsonSerializable(typeof(IReadOnlyList<UserBody>))]
internal sealed partial class UserJson : JsonSerializerContext;
