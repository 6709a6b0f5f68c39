using System.Text.Json.Nodes;

namespace Pages.Docs;

/// <summary>The shapes that answers share: <c>components/schemas</c> of the document.</summary>
internal static class ApiSchemas
{
    public static JsonObject All() => new()
    {
        ["User"] = Object(
            """
            {
              "id":{"type":"integer","format":"int64"},"username":{"type":"string"},"email":{"type":["string","null"]},"email_verified":{"type":"boolean"},
              "pending_email":{"type":"string","description":"Waits for its confirmation."},"name":{"type":["string","null"]},
              "nama":{"type":["string","null"],"description":"The name again, with Accept-Language: id."},
              "profile_picture":{"type":["string","null"],"description":"A path of this host."},"weight":{"type":["number","null"],"description":"Kilograms."},
              "height":{"type":["number","null"],"description":"Centimetres."},"role":{"type":"string","enum":["USER","ADMIN"]},"status":{"type":"boolean"},
              "sign_in_methods":{"type":"array","items":{"type":"string","enum":["password","google"]}},"must_change_password":{"type":"boolean"},
              "last_sign_in_at":{"type":["string","null"],"format":"date-time"},"created_at":{"type":"string","format":"date-time"},
              "updated_at":{"type":"string","format":"date-time"},
              "generated_password":{"type":"string","description":"Shown once, where the system made one."},
              "generated_password_shown":{"type":"boolean","description":"In the repeated answer to an Idempotency-Key, in place of the password."}
            }
            """,
            "id", "username", "email", "email_verified", "name", "profile_picture", "weight", "height", "role", "status", "created_at", "updated_at"),
        ["Users"] = JsonNode.Parse("""{"type":"array","items":{"$ref":"#/components/schemas/User"}}"""),
        ["Login"] = Object(
            """
            {
              "token":{"type":"string"},"access_token":{"type":"string"},"refresh_token":{"type":"string"},"token_type":{"type":"string","const":"Bearer"},
              "expires_in":{"type":"integer","description":"Seconds."},"scope":{"type":"string"},"user":{"$ref":"#/components/schemas/User"},
              "data":{"$ref":"#/components/schemas/User"}
            }
            """,
            "token", "access_token", "refresh_token", "token_type", "expires_in", "user"),
        ["Sessions"] = new JsonObject
        {
            ["type"] = "array",
            ["items"] = Object(
                """
                {"id":{"type":"string"},"device":{"type":"string"},"address":{"type":["string","null"]},"signed_in_at":{"type":"string","format":"date-time"},
                "current":{"type":"boolean","description":"The one of this token."}}
                """,
                "id", "device", "address", "signed_in_at", "current"),
        },
        ["Ok"] = JsonNode.Parse("""{"type":"string","const":"OK"}"""),
        ["Page"] = Object("""{"next":{"type":["string","null"]},"limit":{"type":"integer"}}""", "next", "limit"),
        ["Error"] = Object(
            """
            {
              "status":{"type":"string","const":"error"},"code":{"type":"string","description":"Stable; the same in every language."},"message":{"type":"string"},
              "errors":{"type":"array","items":{"type":"string"},"minItems":1},"fields":{"type":"object","additionalProperties":{"type":"array","items":{"type":"string"}}},
              "msg":{"type":"string","description":"With token_revoked."}
            }
            """,
            "status", "code", "message", "errors"),
        ["Problem"] = Object(
            """
            {
              "type":{"type":"string","const":"about:blank"},"title":{"type":"string"},"status":{"type":"integer"},"detail":{"type":"string"},"code":{"type":"string"},
              "errors":{"type":"array","items":{"type":"string"},"minItems":1},"fields":{"type":"object","additionalProperties":{"type":"array","items":{"type":"string"}}},
              "msg":{"type":"string"}
            }
            """,
            "type", "title", "status", "detail", "code", "errors"),
        ["Details"] = Object("""{"username":{"type":["string","null"]},"name":{"type":["string","null"]}}""", "username", "name"),
        ["ProtocolError"] = Object("""{"error":{"type":"string"},"error_description":{"type":"string"},"error_code":{"type":"string"}}""", "error"),
        ["Token"] = Object(
            """
            {"access_token":{"type":"string"},"refresh_token":{"type":"string"},"id_token":{"type":"string"},"token_type":{"type":"string","const":"Bearer"},
            "expires_in":{"type":"integer","description":"Seconds."},"scope":{"type":"string"}}
            """,
            "access_token", "token_type", "expires_in"),
        ["UserInfo"] = Object("""{"sub":{"type":"string"},"name":{"type":"string"},"preferred_username":{"type":"string"},"picture":{"type":"string"},"email":{"type":"string"},"email_verified":{"type":"boolean"}}""", "sub"),
        ["Registration"] = Object(
            """
            {"client_id":{"type":"string"},"client_secret":{"type":"string"},"client_secret_expires_at":{"type":"integer","description":"0: never."},
            "registration_access_token":{"type":"string"},"registration_client_uri":{"type":"string"},"client_name":{"type":"string"},
            "redirect_uris":{"type":"array","items":{"type":"string"}}}
            """,
            "client_id", "redirect_uris"),
        ["Introspection"] = Object("""{"active":{"type":"boolean"},"sub":{"type":"string"},"client_id":{"type":"string"},"scope":{"type":"string"},"exp":{"type":"integer"}}""", "active"),
    };

    public static JsonObject Object(string properties, params string[] required) => Object(JsonNode.Parse(properties)!.AsObject(), required);

    public static JsonObject Object(JsonObject properties, params IEnumerable<string> required)
    {
        var schema = new JsonObject { ["type"] = "object", ["properties"] = properties };
        var names = new JsonArray([.. required.Select(r => JsonValue.Create(r))]);
        if (names.Count > 0)
            schema["required"] = names;
        return schema;
    }

    public static JsonObject Ref(string name) => new() { ["$ref"] = $"#/components/schemas/{name}" };
}
