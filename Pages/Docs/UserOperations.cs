using System.Collections.Immutable;

namespace Pages.Docs;

/// <summary>Accounts: registration, the list, and what those who manage users do.</summary>
internal static class UserOperations
{
    const string Self = "users:self";
    const string Manage = "users:manage";
    const string Either = "users:self users:manage";

    static readonly ImmutableArray<string> Forms = [Operation.Json, Operation.Multipart, Operation.Form];
    static readonly ImmutableArray<string> Taken = ["409 username_taken", "409 email_taken"];
    static readonly ImmutableArray<BodyMember> ProfileMembers = [BodyMember.Username, BodyMember.Email, BodyMember.FullName, BodyMember.Weight, BodyMember.Height];
    static readonly ImmutableArray<string> Profile = ["400 invalid_username", "400 invalid_email", "400 invalid_name", "400 invalid_weight", "400 invalid_height"];

    public static ImmutableArray<Operation> All { get; } =
    [
        new("POST", "/users/register", "Registers a person.")
        {
            Description = "A confirmation mail goes to the address, if there is one. POST /users and POST /user register too when there is a password and no Authorization header.",
            Body = """{"username":"aan","password":"a quiet place to sit","email":"aan@example.com","name":"Aan","weight":58.5,"height":170.5}""",
            Takes = Forms, Members = [.. ProfileMembers, BodyMember.Password], Required = ["username", "password"], Status = 201, Answer = "User", Versioned = true, Creates = true,
            Errors = [.. Profile, "400 weak_password", .. Taken, "403 forbidden", "422 idempotency_key_reused", "429 too_many_requests"],
            Also = ["POST /auth/register", "POST /user"],
        },
        new("POST", "/users", "Makes an account for somebody else.")
        {
            Description = "The system makes the password and shows it once, as data.generated_password. Without a username one is made from the e-mail.",
            Needs = Manage, Body = """{"email":"user@example.com","name":"User Satu","status":true}""",
            Takes = Forms, Members = [BodyMember.Username, BodyMember.Email, BodyMember.FullName, BodyMember.Role, BodyMember.Status], Required = ["email", "name"], Status = 201, Answer = "User", Versioned = true, Creates = true,
            Errors = [.. Profile, "400 unknown_field", .. Taken, "422 idempotency_key_reused"],
        },
        new("POST", "/users/login", "Signs in by password.")
        {
            Description = "The password grant of the built-in public client, in this API's envelope. username may be an e-mail. new_password changes one that must be changed. POST /user without a username, and with email and password, signs in too.",
            Body = """{"username":"aan","password":"a quiet place to sit"}""",
            Takes = Forms, Members = [BodyMember.Identifier, BodyMember.IdentifyingEmail, BodyMember.Password, BodyMember.NewPassword], Required = ["password"], Answer = "Login",
            Errors = ["401 invalid_credentials", "403 account_disabled", "403 email_not_confirmed", "403 password_change_required", "429 too_many_requests"],
            Also = ["POST /auth/login"],
        },
        new("GET", "/users", "Lists accounts, page by page.")
        {
            Needs = Manage, Answer = "Users",
            Query =
            [
                "limit: rows of a page, 1 to 200, default 50", "after: page.next of the page before", "q: prefix of username or e-mail", "role: USER or ADMIN",
                "status: true or false", "sort: id, username, email or created_at; a minus in front turns it round",
            ],
            Errors = ["400 invalid_request"],
        },
        new("GET", "/users/{id}", "One account.") { Needs = Either, Answer = "User", Versioned = true, Errors = ["404 user_not_found"] },
        new("PUT", "/users/{id}", "Sets a profile; what is absent stays.")
        {
            Description = "One's own new e-mail waits until it is confirmed; a change by those who manage users holds at once.",
            Needs = Either, Body = """{"username":"aanv","email":"aanv@example.com","name":"Aan V"}""", Takes = Forms, Members = ProfileMembers, Answer = "User", Versioned = true,
            Errors = [.. Profile, "404 user_not_found", .. Taken],
        },
        new("PATCH", "/users/{id}", "Changes a profile or a role, or takes a picture away.")
        {
            Description = "null clears a member; profile_picture takes nothing else.",
            Needs = Manage, Body = """{"name":"Aan V","role":"ADMIN"}""", Takes = Forms, Members = [.. ProfileMembers, BodyMember.Role, BodyMember.Picture], Answer = "User", Versioned = true,
            Errors = [.. Profile, "404 user_not_found", .. Taken, "409 last_admin"],
        },
        new("PATCH", "/users/{id}/status", "Disables or enables an account.")
        {
            Description = "Disabling refuses sign-in and ends every token at once.",
            Needs = Manage, Body = """{"status":false}""", Takes = Forms, Members = [BodyMember.Status], Required = ["status"], Answer = "User", Versioned = true, Errors = ["404 user_not_found", "409 last_admin"],
        },
        new("POST", "/users/{id}/password", "Gives somebody a new password, which the system makes.")
        {
            Description = "It is shown once, must be changed at the first sign-in, and ends their sessions.",
            Needs = Manage, Answer = "User", Versioned = true, Errors = ["404 user_not_found"],
        },
        new("DELETE", "/users/{id}", "Deletes an account with everything that hangs on it.") { Needs = Either, Versioned = true, Errors = ["404 user_not_found", "409 last_admin"] },
        new("GET", "/users/{id}/picture", "A profile picture: PNG or JPEG.")
        {
            Needs = Either, AnswerType = "image/png image/jpeg", Errors = ["404 not_found"],
            Query = ["v: version of the picture", "s: signature of an address that opens without a token"],
        },
        new("GET", "/users/current", "The person whose token it is.")
        {
            Needs = Self, Answer = "User", Versioned = true, Also = ["GET /users/me"],
            Query = ["token: only the one-time token of a sign-in with Google, in the browser that signed in"],
        },
        new("PATCH", "/users/current", "Changes one's own profile, picture and password.")
        {
            Description = "A multipart form may hold profile_picture: a PNG or JPEG of at most 2 MiB and 4096 × 4096 pixels. null clears a member. A new e-mail takes effect when it is confirmed. password needs old_password.",
            Needs = Self, Body = """{"name":"Aan","weight":60}""", Takes = Forms, TakesFile = true,
            Members = [.. ProfileMembers, BodyMember.Picture, BodyMember.Password, BodyMember.OldPassword], Answer = "User", Versioned = true,
            Errors = [.. Profile, "400 weak_password", "401 invalid_credentials", .. Taken, "413 too_large", "422 invalid_image", "429 too_many_requests"],
            Also = ["PATCH /user"],
        },
        new("PATCH", "/users/current/password", "Changes one's own password and ends every other session.")
        {
            Needs = Self, Body = """{"old_password":"a quiet place to sit","new_password":"another quiet place"}""", Takes = Forms, Members = [BodyMember.OldPassword, BodyMember.NewPassword], Required = ["old_password", "new_password"],
            Versioned = true, Errors = ["400 weak_password", "401 invalid_credentials", "429 too_many_requests"], Also = ["PATCH /users"],
        },
        new("DELETE", "/users/current", "Deletes one's own account.")
        {
            Description = "Asks for the password, unless the sign-in is younger than five minutes.",
            Needs = Self, Body = """{"password":"a quiet place to sit"}""", Takes = Forms, Members = [BodyMember.Password], Versioned = true,
            Errors = ["400 invalid_request", "401 invalid_credentials", "409 last_admin"], Also = ["DELETE /users"],
        },
        new("GET", "/users/current/sessions", "Where one is signed in.") { Needs = Self, Answer = "Sessions" },
        new("DELETE", "/users/current/sessions", "Signs out everywhere, here too.") { Needs = Self },
        new("DELETE", "/users/current/sessions/{sid}", "Signs one session out.") { Needs = Self, Errors = ["404 not_found"] },
        new("DELETE", "/users/logout", "Ends the token, its refresh family and its session.")
        {
            Needs = "token", Answer = "Ok", Also = ["POST /users/logout", "PATCH /logout"],
        },
        new("GET", "/users/auth/google", "To Google, to sign in; for a browser.")
        {
            Status = 302, Query = ["return_to: a path of this host to come back to"], Errors = ["404 google_not_configured"],
        },
        new("GET", "/users/auth/google/callback", "Back from Google; for a browser.") { Status = 302, Query = ["code: from Google", "state: from Google"] },
    ];
}
