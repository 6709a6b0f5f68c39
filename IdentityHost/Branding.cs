namespace IdentityHost;

/// <summary>
/// What the operator's own people know this host as (section <c>Branding</c>): in the pages, the mails, and what a password must not be built from.
/// Read once at start. Stands in the root namespace: pages, mails and passwords all ask for it.
/// </summary>
/// <param name="ProductName">For people.</param>
/// <param name="Accent">Null for the colours of our own stylesheet.</param>
/// <param name="Logo">Null for our own.</param>
internal sealed record Branding(string ProductName, AccentColor? Accent = null, BrandLogo? Logo = null)
{
    const string Section = "Branding";

    const int LongestName = 40;

    public static Branding Default { get; } = new("IdentityHost");

    /// <exception cref="InvalidOperationException">A value cannot be used; the message says the key, the value and the fix.</exception>
    public static Branding From(IConfiguration configuration, IHostEnvironment environment) => new(
        Name(configuration[$"{Section}:ProductName"]),
        configuration[$"{Section}:AccentColor"] is { Length: > 0 } color
            ? AccentColor.Of(color) ?? throw Bad("AccentColor", color, "it is not a colour. Write six hexadecimal digits behind a #, for example #0b6e5f.")
            : null,
        configuration[$"{Section}:Logo"] is { Length: > 0 } path ? ReadLogo(path, environment.ContentRootPath) : null);

    static string Name(string? name) => name switch
    {
        null or "" => Default.ProductName,
        _ when string.IsNullOrWhiteSpace(name) || name.Length > LongestName || name.Any(char.IsControl) =>
            throw Bad("ProductName", name, $"it must be one line of at most {LongestName} characters, for example Example."),
        _ => name.Trim(),
    };

    /// <summary>Below the content root only: a slip of the pen must not publish a file from elsewhere on the machine.</summary>
    static BrandLogo ReadLogo(string path, string root)
    {
        var full = Path.GetFullPath(path, root);
        if (!full.StartsWith(Path.TrimEndingDirectorySeparator(Path.GetFullPath(root)) + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            throw Bad("Logo", path, $"it is not below {root}. Put the file there and name it relative to that folder, for example branding/logo.svg.");
        var file = new FileInfo(full);
        if (!file.Exists)
            throw Bad("Logo", path, $"there is no such file below {root}. Name it relative to that folder, for example branding/logo.svg.");
        if (file.Length > BrandLogo.Largest)
            throw Bad("Logo", path, $"it has {file.Length} bytes and may have {BrandLogo.Largest}. Shrink it; an SVG, or a PNG 56 pixels high, is enough.");
        return BrandLogo.Of(File.ReadAllBytes(full)) ?? throw Bad("Logo", path, "it is neither PNG, JPEG nor SVG (with a size, and without a document type). Convert it.");
    }

    static InvalidOperationException Bad(string key, string value, string fault) => new($"{Section}:{key} is \"{value}\": {fault}");
}
