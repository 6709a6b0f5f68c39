using System.Globalization;

namespace IdentityHost;

/// <summary>
/// The operator's colour for buttons, links and the mark of focus, in a shade for each scheme that can be read: text in it and text on it have a
/// contrast of 4.5 at least (WCAG 2.2, 1.4.3), whatever colour was chosen. Stands in the root namespace: pages and mails both use it.
/// </summary>
/// <param name="Light">As CSS writes it; dark enough for the light scheme, where white stands on it.</param>
/// <param name="Dark">Bright enough for the dark scheme, where <see cref="OnDark"/> stands on it.</param>
internal sealed record AccentColor(string Light, string Dark)
{
    public const string OnLight = "#ffffff";
    public const string OnDark = "#121817";

    /// <summary>AA for text of ordinary size.</summary>
    const double Readable = 4.5;

    /// <summary>The grounds of wwwroot/site.css that such text stands on and that are hardest to read on: <c>--raised</c> of each scheme.</summary>
    const string LightGround = "#f3f6f5";
    const string DarkGround = "#1c2523";

    const double Step = 0.02;

    /// <summary>The colour of wwwroot/site.css.</summary>
    public static AccentColor Default { get; } = new("#0b6e5f", "#5fcab6");

    /// <summary>Null for what is not <c>#rrggbb</c>.</summary>
    public static AccentColor? Of(string text) => Rgb.Parse(text) is { } chosen
        ? new AccentColor(Towards(chosen, Rgb.Of("#000000"), Rgb.Of(LightGround)), Towards(chosen, Rgb.Of("#ffffff"), Rgb.Of(DarkGround)))
        : null;

    /// <summary>From 1 to 21 (WCAG 2.2, "contrast ratio").</summary>
    public static double Contrast(string one, string other) => Contrast(Rgb.Of(one), Rgb.Of(other));

    /// <summary>The first shade on the way from the colour to black or white that can be read on the ground.</summary>
    static string Towards(Rgb chosen, Rgb end, Rgb ground)
    {
        for (var share = 0.0; share < 1; share += Step)
        {
            var shade = chosen.Mix(end, share);
            if (Contrast(shade, ground) >= Readable)
                return shade.Text;
        }
        return end.Text;
    }

    static double Contrast(Rgb one, Rgb other)
    {
        var (bright, dim) = one.Luminance > other.Luminance ? (one, other) : (other, one);
        return (bright.Luminance + 0.05) / (dim.Luminance + 0.05);
    }

    sealed record Rgb(byte Red, byte Green, byte Blue)
    {
        public string Text => string.Create(CultureInfo.InvariantCulture, $"#{Red:x2}{Green:x2}{Blue:x2}");

        /// <summary>Relative luminance of sRGB, from 0 to 1.</summary>
        public double Luminance => (0.2126 * Linear(Red)) + (0.7152 * Linear(Green)) + (0.0722 * Linear(Blue));

        public static Rgb Of(string text) => Parse(text) ?? throw new FormatException("No colour.");

        public static Rgb? Parse(string text) =>
            text is ['#', ..] && text.Length == 7 && int.TryParse(text.AsSpan(1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
                ? new Rgb((byte)(value >> 16), (byte)(value >> 8), (byte)value)
                : null;

        public Rgb Mix(Rgb other, double share) => new(Mixed(Red, other.Red, share), Mixed(Green, other.Green, share), Mixed(Blue, other.Blue, share));

        static byte Mixed(byte one, byte other, double share) => (byte)Math.Round((one * (1 - share)) + (other * share));

        static double Linear(byte channel)
        {
            var value = channel / 255.0;
            return value <= 0.04045 ? value / 12.92 : Math.Pow((value + 0.055) / 1.055, 2.4);
        }
    }
}
