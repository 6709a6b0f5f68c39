namespace Pages;

/// <summary>What a page says about the step before it. A query may name one of these and nothing else: nobody puts words into our pages.</summary>
internal static class Notices
{
    public const string Reset = "reset";
    public const string Confirmed = "confirmed";
    public const string Password = "password";
    public const string Profile = "profile";

    /// <summary>The name of the text; null for what is no notice.</summary>
    public static string? TextOf(string? notice) => notice switch
    {
        Reset => "NoticeReset",
        Confirmed => "NoticeConfirmed",
        Password => "NoticePassword",
        Profile => "NoticeProfile",
        _ => null,
    };
}
