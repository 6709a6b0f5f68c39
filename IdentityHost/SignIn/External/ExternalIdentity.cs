namespace IdentityHost.SignIn.External;

/// <summary>A person as another provider has proved them to us.</summary>
/// <param name="Issuer">Who says so.</param>
/// <param name="Subject">Who they are there: never given to another (OpenID Connect Core §2). With the issuer, the only key.</param>
/// <param name="Email">An address, as written there.</param>
/// <param name="EmailVerified">Whether the provider has seen that they receive mail there.</param>
/// <param name="Name">What they are called.</param>
/// <param name="HostedDomain">The Workspace organisation that runs the account (<c>hd</c>).</param>
/// <param name="Picture">Where their picture is.</param>
internal sealed record ExternalIdentity(
    string Issuer, string Subject, string? Email, bool EmailVerified, string? Name, string? HostedDomain, string? Picture)
{
    /// <summary>The name of the provider in <c>user_logins</c>.</summary>
    public const string Provider = "Google";

    /// <summary>Issuer and subject as one text: another issuer (a test's, a proxy's) never meets this one's people.</summary>
    public string Key => $"{Issuer} {Subject}";

    /// <summary>
    /// Whether the provider itself runs the mailbox, so that its word on the address is as good as a mail of ours: Google for gmail.com, and for the
    /// domains of Workspace organisations (<c>hd</c>). For any other address it has once seen a mail arrive, perhaps years ago.
    /// </summary>
    public bool IsAuthoritative =>
        EmailVerified && (HostedDomain is { Length: > 0 } || Email?.EndsWith("@gmail.com", StringComparison.OrdinalIgnoreCase) == true);
}

/// <summary>What a person is told when a sign-in at another provider came to nothing: names of texts, and values of the query parameter <c>problem</c>.</summary>
internal static class ExternalProblems
{
    /// <summary>They said no at the provider.</summary>
    public const string Cancelled = "google_cancelled";

    /// <summary>The answer belongs to no sign-in that this browser began, or came before.</summary>
    public const string State = "google_state";

    /// <summary>The provider does not answer, or not sensibly.</summary>
    public const string Unavailable = "google_unavailable";

    /// <summary>What the provider said of the person could not be believed.</summary>
    public const string Failed = "google_failed";

    /// <summary>The account is disabled here.</summary>
    public const string Disabled = "google_disabled";

    /// <summary>Not one of the organisations that may sign in.</summary>
    public const string Domain = "google_domain";

    /// <summary>The address is an account's here, and the provider has not verified it.</summary>
    public const string Unverified = "google_unverified";

    /// <summary>There is no account, and nobody may make one.</summary>
    public const string Closed = "google_closed";

    /// <summary>It is linked to somebody else's account.</summary>
    public const string Taken = "google_taken";

    /// <summary>The link was asked for by another session than the one that is signed in now.</summary>
    public const string Session = "google_session";

    /// <summary>It took too long, or was done before.</summary>
    public const string Expired = "google_expired";
}
