using System.Text.Json.Nodes;

namespace IdentityHost.Tests.Protocol.Logout;

/// <summary>Ways in which an <c>id_token_hint</c> is not what it says.</summary>
static class DamagedHint
{
    /// <summary>The hint of somebody's browser session, except for one thing.</summary>
    internal static string Of(SignedInBrowser person, string damage)
    {
        var (own, sid) = (person.OwnToken, ("sid", (JsonNode?)person.Session.ToString("N")));
        var parts = person.Hint.Split('.');
        var payload = own.Payload();
        payload["sid"] = person.Session.ToString("N");
        switch (damage)
        {
            case "signature":
                return $"{parts[0]}.{parts[1]}.{(parts[2][0] == 'A' ? 'B' : 'A')}{parts[2][1..]}";
            case "payload":
                return $"{parts[0]}.{own.WithClaims(sid, ("sub", "1")).Split('.')[1]}.{parts[2]}";
            case "none":
                return HostTokens.Sign("""{"alg":"none","typ":"JWT"}""", payload.ToJsonString(), _ => []);
            case "stranger":
                return HostTokens.SignForeign(own.Header().ToJsonString(), payload.ToJsonString());
            case "issuer":
                return own.WithClaims(sid, ("iss", "http://localhost:5001"));
            case "audience":
                return own.WithClaims(sid, ("aud", "nobody"));
            case "access":
                return own.Sign(With(own.Header(), "typ", "at+jwt"), payload);
            case "logout":
                return own.Sign(With(own.Header(), "typ", "logout+jwt"), payload);
            case "userinfo":
                payload.Remove("exp");
                payload.Remove("iat");
                return own.Sign(own.Header(), payload);
            case "crit":
                return own.Sign(With(own.Header(), "crit", new JsonArray("exp")), payload);
            case "rubbish":
                return "a.b.c";
            default:
                // Genuine, but sent with another client_id.
                return person.Hint;
        }
    }

    static JsonObject With(JsonObject header, string name, JsonNode value)
    {
        header[name] = value;
        return header;
    }
}
