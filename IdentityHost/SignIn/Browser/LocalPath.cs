namespace IdentityHost.SignIn.Browser;

/// <summary>A path of this host that a browser may be sent to. Whatever could name another host in some browser is none (RFC 9700 §4.11.2).</summary>
internal static class LocalPath
{
    const int Longest = 2000;

    public static bool Is(string? text) =>
        text is ['/', ..] and not ['/', '/', ..] && text.Length <= Longest && text.All(c => c is > ' ' and < '\x7f' and not '\\');
}
