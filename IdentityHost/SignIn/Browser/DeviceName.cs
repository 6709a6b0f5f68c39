using System.Collections.Immutable;

namespace IdentityHost.SignIn.Browser;

/// <summary>A User-Agent in two words, so that people recognise their own devices. A guess: what it goes by is whatever the client says.</summary>
internal static class DeviceName
{
    const int Longest = 40;

    // Most browsers name others too, for old servers' sake; the more special one comes first.
    static readonly ImmutableArray<(string Mark, string Name)> Browsers =
    [
        ("Edg/", "Edge"), ("EdgA/", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
    ];

    static readonly ImmutableArray<(string Mark, string Name)> Systems =
    [
        ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("CrOS", "ChromeOS"), ("Mac OS X", "Mac"), ("Linux", "Linux"),
    ];

    /// <summary>E.g. "Firefox, Linux"; for a program its own name, e.g. "curl"; empty where nothing was sent.</summary>
    public static string Of(string? userAgent)
    {
        if (string.IsNullOrWhiteSpace(userAgent))
            return "";
        if (Find(Browsers, userAgent) is { } browser)
            return Find(Systems, userAgent) is { } system ? $"{browser}, {system}" : browser;
        var product = userAgent.Split(['/', ' ', '('], 2)[0];
        return product.Length is > 0 and <= Longest ? product : userAgent[..Math.Min(userAgent.Length, Longest)];
    }

    static string? Find(ImmutableArray<(string Mark, string Name)> names, string userAgent)
    {
        foreach (var (mark, name) in names)
        {
            if (userAgent.Contains(mark, StringComparison.Ordinal))
                return name;
        }
        return null;
    }
}
