using System.Text.Json;

namespace IdentityHost.Protocol.Clients;

/// <summary>A JWK set (RFC 7517 §5) as it is written in <c>appsettings.json</c>: members that are no text (<c>x5c</c>, <c>key_ops</c>) are not needed and left out.</summary>
internal sealed class JwksOptions
{
    public Dictionary<string, string>[] Keys { get; set; } = [];

    /// <summary>The set as JSON, without what is private: an operator may paste a whole key.</summary>
    public string ToJson() => JsonSerializer.Serialize(new Dictionary<string, object> { ["keys"] = Keys.Select(Public).ToArray() });

    /// <summary>RFC 7518 §6: all but these is public.</summary>
    static Dictionary<string, string> Public(Dictionary<string, string> key) =>
        key.Where(member => member.Key is not ("d" or "p" or "q" or "dp" or "dq" or "qi" or "k")).ToDictionary(StringComparer.Ordinal);
}
