using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using IdentityHost.Data.Entities;

namespace IdentityHost.Protocol.Tokens;

/// <summary>
/// The claims about people that this server has, and the scope that each comes with (OpenID Connect Core §5.4). A claim that is asked for by
/// name (§5.5) belongs to the same scope (see <see cref="RequestedClaims"/>).
/// </summary>
internal static class StandardClaims
{
    static readonly FrozenDictionary<string, string> Scopes = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["name"] = ScopeCatalog.Profile,
        ["preferred_username"] = ScopeCatalog.Profile,
        ["picture"] = ScopeCatalog.Profile,
        ["updated_at"] = ScopeCatalog.Profile,
        ["email"] = ScopeCatalog.Email,
        ["email_verified"] = ScopeCatalog.Email,
        ["phone_number"] = ScopeCatalog.Phone,
        ["phone_number_verified"] = ScopeCatalog.Phone,
        ["address"] = ScopeCatalog.Address,
        ["roles"] = ScopeCatalog.Roles,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>All of them, in alphabetical order.</summary>
    public static readonly ImmutableArray<string> Names = [.. Scopes.Keys.Order(StringComparer.Ordinal)];

    /// <summary>The scope a claim comes with; null for one that this server does not have.</summary>
    public static string? ScopeOf(string claim) => Scopes.GetValueOrDefault(claim);

    /// <summary>Writes the claims that are wanted and known; one without a value is left out (§5.3.2).</summary>
    /// <param name="json">Within an object.</param>
    /// <param name="person">Whom it is about.</param>
    /// <param name="wanted">Whether a claim of this name and scope is to be told.</param>
    public static void Write(Utf8JsonWriter json, SubjectClaims person, Func<string, string, bool> wanted)
    {
        Text("name", person.Name);
        Text("preferred_username", person.Username);
        Text("picture", person.Picture);
        if (Wants("updated_at"))
            json.WriteNumber("updated_at"u8, person.UpdatedAt.ToUnixTimeSeconds());
        Text("email", person.Email);
        if (person.Email is not null && Wants("email_verified"))
            json.WriteBoolean("email_verified"u8, person.EmailVerified);
        Text("phone_number", person.PhoneNumber);
        if (person.PhoneNumber is not null && Wants("phone_number_verified"))
            json.WriteBoolean("phone_number_verified"u8, false);
        if (person.Address is not null && Wants("address"))
        {
            // §5.1.1: as written on an envelope. People type it in one field, so its parts are not known.
            json.WriteStartObject("address"u8);
            json.WriteString("formatted"u8, person.Address);
            json.WriteEndObject();
        }
        if (Wants("roles"))
        {
            json.WriteStartArray("roles"u8);
            json.WriteStringValue(UserRoles.NameOf(person.Role));
            json.WriteEndArray();
        }

        bool Wants(string claim) => wanted(claim, Scopes[claim]);

        void Text(string claim, string? value)
        {
            if (value is not null && Wants(claim))
                json.WriteString(claim, value);
        }
    }
}
