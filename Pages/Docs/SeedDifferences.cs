using System.Collections.Immutable;

namespace Pages.Docs;

/// <summary>One of the five documents that the users API answers to, and in what this host differs from it.</summary>
/// <param name="Name">Its number and name.</param>
/// <param name="Calls">What it describes.</param>
/// <param name="Here">Where that is here.</param>
/// <param name="Differs">Each difference with its reason; a test replays the document and asserts every one.</param>
internal sealed record Seed(string Name, string Calls, string Here, ImmutableArray<string> Differs)
{
    public string Number => Name[..3];
}

/// <summary>The table of the seeds.</summary>
internal static class SeedDifferences
{
    public static ImmutableArray<Seed> All { get; } =
    [
        new(
            "000 Horus",
            "register, login, list, detail, PUT, DELETE",
            "same paths",
            ["list needs `users:manage` (it holds every e-mail)", "bare objects and arrays stand under `data`"]),
        new(
            "001 User API",
            "list, detail, create without password, PUT, PATCH status",
            "same paths",
            ["token needed", "a generated password per user, not one for all, and no fallback to the admin's", "an invalid id reads \"Pengguna tidak ditemukan\" (404)"]),
        new(
            "002 Entity database",
            "register, login, PATCH /user (multipart picture), detail, reset password, logout, delete self",
            "`POST /user`, `PATCH /user`, `PATCH /users`, `PATCH /logout`, `DELETE /users`; `POST /user` without `username` and with `password` is its login; detail is `GET /users/current` (`GET /users` is the list of 000 and 001)",
            [
                "one message for unknown user and wrong password", "register answers the user, not `{\"oda2\":\"oda2\"}`", "`data: []` and `data: 1` are `data: null`",
                "its DELETE follows its own logout, so a replay signs in again",
            ]),
        new(
            "003 auth/users-current",
            "/auth/register, /auth/login, /users/current, admin delete",
            "same paths",
            ["register is 201", "`expires_in` is seconds", "snake_case dates", "its PATCH body is not JSON as printed (braces added)"]),
        new(
            "004 Google login",
            "/api/users, /api/users/login, Google redirect and callback, /api/users/current, logout",
            "same paths; `Authorization: TOKEN` without `Bearer` is accepted too",
            ["handoff instead of a JWT in the URL", "`errors` is a list", "a password change needs `old_password`"]),
    ];
}
