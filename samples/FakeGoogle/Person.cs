using System.Text.Json.Nodes;

namespace FakeGoogle;

/// <summary>How Google's answers about somebody go wrong.</summary>
public enum Fault
{
    /// <summary>They do not.</summary>
    None,

    /// <summary>The token endpoint takes longer than anybody waits.</summary>
    Slow,

    /// <summary>The token endpoint answers 500.</summary>
    ServerError,

    /// <summary>The token endpoint refuses the code.</summary>
    RefusesCode,

    /// <summary>The token endpoint's answer is no JSON.</summary>
    BadJson,

    /// <summary>The token endpoint's answer has 100 MB.</summary>
    Huge,

    /// <summary>The token endpoint sends the caller elsewhere, with the code and the secret.</summary>
    Redirects,

    /// <summary>There is no ID token in the answer.</summary>
    NoIdToken,
}

/// <summary>Somebody with an account at Google.</summary>
/// <param name="Subject">Their <c>sub</c>.</param>
/// <param name="Email">Their address; null where it was not shared.</param>
/// <param name="Name">Their name.</param>
public sealed record Person(string Subject, string? Email, string? Name)
{
    /// <summary><c>email_verified</c>: true, false, the text that some providers write, or null for no claim at all.</summary>
    public JsonNode? EmailVerified { get; init; } = true;

    /// <summary><c>hd</c>: the Workspace organisation of the account.</summary>
    public string? HostedDomain { get; init; }

    /// <summary>Where their picture is.</summary>
    public string? Picture { get; init; }

    /// <summary>Whether the ID token leaves name and picture to the userinfo endpoint.</summary>
    public bool ShortToken { get; init; }

    public Fault Fault { get; init; }

    /// <summary>Changes the claims before they are signed.</summary>
    public Action<JsonObject>? Claims { get; init; }

    /// <summary>Changes the header before it is signed.</summary>
    public Action<JsonObject>? Header { get; init; }

    /// <summary>Changes the token after it was signed.</summary>
    public Func<string, string>? Token { get; init; }

    /// <summary>What the page to choose from says.</summary>
    public string Label => $"{Name ?? Subject} ({Email ?? "no address"})";

    /// <summary>People to try the rules of linking with.</summary>
    public static IEnumerable<Person> Examples(string address) =>
    [
        new("100000000000000000001", "budi123@gmail.com", "Budi Santoso") { Picture = $"{address}/picture.png" },
        new("100000000000000000002", "siti@sekolah.example", "Siti Rahayu") { HostedDomain = "sekolah.example" },
        new("100000000000000000003", "yusuf@mail.example", "Yusuf (verified, but not Google's mailbox)"),
        new("100000000000000000004", "eve@mail.example", "Eve (not verified)") { EmailVerified = false },
        new("100000000000000000005", "error@gmail.com", "Somebody at whom Google fails") { Fault = Fault.ServerError },
    ];
}
