using System.Collections.Immutable;

namespace Pages.Docs;

/// <summary>The protocol endpoints, which follow their RFCs instead of the envelope.</summary>
internal static class ConnectOperations
{
    public static ImmutableArray<Operation> All { get; } =
    [
        new("GET", "/connect/authorize", "Where an application sends the browser to sign in (RFC 6749 §3.1); for a browser.")
        {
            Description = "Authorization code with PKCE. What cannot be sent back to the application is a page.",
            Status = 302, Errors = ["400 invalid_request"], Also = ["POST /connect/authorize"],
            Query =
            [
                "response_type: code", "client_id: the application", "redirect_uri: one that it declared", "scope: what it asks for", "state: comes back as it is",
                "code_challenge: of the verifier", "code_challenge_method: S256", "nonce: for the ID token",
            ],
        },
        new("GET", "/connect/authorize/{id}", "On with a request that waited for a sign-in or consent; for a browser.") { Status = 302, Errors = ["400 invalid_request"] },
        new("GET", "/connect/authorize/{id}/cancel", "Back to the application without a code; for a browser.") { Status = 302, Errors = ["400 invalid_request"] },
        new("POST", "/connect/token", "Gives tokens for a grant (RFC 6749 §3.2).")
        {
            Description = "grant_type: password, refresh_token, client_credentials, authorization_code and whatever else the discovery document names.",
            Body = """{"grant_type":"password","client_id":"demo","username":"aan","password":"a quiet place to sit"}""",
            Takes = [Operation.Form], Required = ["grant_type"], Answer = "Token",
            Errors = ["400 invalid_request", "400 invalid_grant", "400 invalid_scope", "400 unauthorized_client", "400 unsupported_grant_type", "401 invalid_client", "429 invalid_grant"],
        },
        new("POST", "/connect/introspect", "Whether a token is good (RFC 7662).")
        {
            Needs = "client", Body = """{"token":"a token"}""", Takes = [Operation.Form], Required = ["token"], Answer = "Introspection", Errors = ["400 invalid_request", "401 invalid_client"],
        },
        new("POST", "/connect/revoke", "Ends a token (RFC 7009).")
        {
            Body = """{"client_id":"demo","token":"a token"}""", Takes = [Operation.Form], Required = ["token"], AnswerType = "", Errors = ["400 invalid_request", "401 invalid_client"],
        },
    ];
}
