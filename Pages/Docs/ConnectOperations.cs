using System.Collections.Immutable;

namespace Pages.Docs;

/// <summary>The protocol endpoints, which follow their RFCs instead of the envelope.</summary>
internal static class ConnectOperations
{
    /// <summary>By which a client says and proves who it is.</summary>
    static readonly ImmutableArray<string> Client = ["client_id", "client_secret", "client_assertion_type", "client_assertion"];

    /// <summary>Of an application (RFC 7591 §2).</summary>
    static readonly ImmutableArray<BodyMember> Metadata =
    [
        .. new[] { "redirect_uris", "post_logout_redirect_uris", "grant_types", "response_types", "contacts" }.Select(n => new BodyMember(n, """{"type":"array","items":{"type":"string"}}""")),
        .. BodyMember.Texts(
            "client_name", "application_type", "token_endpoint_auth_method", "token_endpoint_auth_signing_alg", "scope", "backchannel_logout_uri", "jwks_uri", "client_uri",
            "logo_uri", "policy_uri", "tos_uri", "subject_type", "sector_identifier_uri", "id_token_signed_response_alg", "userinfo_signed_response_alg"),
        new("jwks", """{"type":"object"}"""),
        new("default_max_age", """{"type":"integer","minimum":0}"""),
    ];

    public static ImmutableArray<Operation> All { get; } =
    [
        new("GET", "/connect/authorize", "Where an application sends the browser to sign in (RFC 6749 §3.1); for a browser.")
        {
            Description = "Authorization code with PKCE. What cannot be sent back to the application is a page.",
            Status = 303, Errors = ["400 invalid_request"], Also = ["POST /connect/authorize"],
            Query =
            [
                "response_type: code", "client_id: the application", "redirect_uri: one that it declared", "scope: what it asks for", "state: comes back as it is",
                "code_challenge: of the verifier", "code_challenge_method: S256", "nonce: for the ID token",
            ],
        },
        new("GET", "/connect/authorize/{id}", "On with a request that waited for a sign-in or consent; for a browser.") { Status = 303, Errors = ["400 invalid_request"] },
        new("GET", "/connect/authorize/{id}/cancel", "Back to the application without a code; for a browser.") { Status = 303, Errors = ["400 invalid_request"] },
        new("POST", "/connect/token", "Gives tokens for a grant (RFC 6749 §3.2).")
        {
            Description = "grant_type: password, refresh_token, client_credentials, authorization_code and whatever else the discovery document names.",
            Body = """{"grant_type":"password","client_id":"demo","username":"aan","password":"a quiet place to sit"}""",
            Takes = [Operation.Form], Required = ["grant_type"],
            Members = BodyMember.Texts(
                ["grant_type", .. Client, "scope", "resource", "username", "password", "new_password", "refresh_token", "code", "redirect_uri", "code_verifier"]), Answer = "Token",
            Errors = ["400 invalid_request", "400 invalid_grant", "400 invalid_scope", "400 unauthorized_client", "400 unsupported_grant_type", "401 invalid_client", "429 invalid_grant"],
        },
        new("GET", "/connect/userinfo", "What the person behind a token lets the application know (OpenID Connect Core §5.3).")
        {
            Description = "A token with the scope openid; profile, email, phone, address and roles say what is in the answer. Signed for applications registered so.",
            Needs = "token", Answer = "UserInfo", Errors = ["400 invalid_request", "401 invalid_token", "403 insufficient_scope"], Also = ["POST /connect/userinfo"],
        },
        new("GET", "/connect/logout", "Where an application sends the browser to sign out (OpenID Connect RP-Initiated Logout §2); for a browser.")
        {
            Status = 303, Errors = ["400 invalid_request"], Also = ["POST /connect/logout"],
            Query = ["id_token_hint: whose session, and whose application", "client_id: the application", "post_logout_redirect_uri: one that it declared", "state: comes back as it is"],
        },
        new("GET", "/connect/revocations", "What is revoked, as server-sent events, for resource servers.")
        {
            Description = "First all that is live, then each change; heartbeats carry the time. Goes on after Last-Event-ID without a gap, at any node.",
            Needs = "client", AnswerType = "text/event-stream", Errors = ["401 invalid_client", "403 unauthorized_client"],
        },
        new("POST", "/connect/register", "Registers an application (RFC 7591), where the operator allows it.")
        {
            Body = """{"client_name":"Example","application_type":"native","redirect_uris":["com.example.app:/callback"]}""", Members = Metadata, Required = ["redirect_uris"], Status = 201, Answer = "Registration",
            Errors = ["400 invalid_redirect_uri", "400 invalid_client_metadata", "401 invalid_token", "429 invalid_client_metadata"],
        },
        new("GET", "/connect/register/{client_id}", "What an application registered (RFC 7592); with its registration access token.")
        {
            Needs = "registration", Answer = "Registration", Errors = ["401 invalid_token"],
        },
        new("PUT", "/connect/register/{client_id}", "Replaces what an application registered (RFC 7592).")
        {
            Needs = "registration", Answer = "Registration", Body = """{"client_id":"that of the path","client_name":"Example","application_type":"native","redirect_uris":["com.example.app:/other"]}""",
            Members = [.. BodyMember.Texts("client_id", "client_secret"), .. Metadata], Required = ["client_id", "redirect_uris"],
            Errors = ["400 invalid_redirect_uri", "400 invalid_client_metadata", "401 invalid_token"],
        },
        new("DELETE", "/connect/register/{client_id}", "Ends an application with its tokens and consents (RFC 7592).")
        {
            Needs = "registration", AnswerType = "", Status = 204, Errors = ["401 invalid_token"],
        },
        new("POST", "/connect/introspect", "Whether a token is good (RFC 7662).")
        {
            Needs = "client", Body = """{"token":"a token"}""", Takes = [Operation.Form], Members = BodyMember.Texts(["token", "token_type_hint", .. Client]), Required = ["token"], Answer = "Introspection", Errors = ["400 invalid_request", "401 invalid_client"],
        },
        new("POST", "/connect/revoke", "Ends a token (RFC 7009).")
        {
            Body = """{"client_id":"demo","token":"a token"}""", Takes = [Operation.Form], Members = BodyMember.Texts(["token", "token_type_hint", .. Client]), Required = ["token"], AnswerType = "", Errors = ["400 invalid_request", "401 invalid_client"],
        },
    ];
}
