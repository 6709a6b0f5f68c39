using System.Collections.Frozen;

namespace IdentityHost.Users.Passwords;

/// <summary>The embedded list of passwords that guessing starts with, one a line, compared without case.</summary>
internal static class CommonPasswords
{
    const string Resource = "IdentityHost.Users.Passwords.common-passwords.txt";

    static readonly FrozenSet<string> List = Load();

    public static int Count => List.Count;

    public static bool Contains(string password) => List.Contains(password);

    static FrozenSet<string> Load()
    {
        using var stream = typeof(CommonPasswords).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"{Resource} is not embedded.");
        using var reader = new StreamReader(stream);
        var lines = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines.Where(line => !line.StartsWith('#')).ToFrozenSet(StringComparer.OrdinalIgnoreCase);
    }
}
