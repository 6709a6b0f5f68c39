namespace IdentityHost.Tests.ResourceServer;

/// <summary>One to three random changes to a text: another character, one more, one fewer, two swapped, a piece doubled, cut or moved.</summary>
static class TokenDamage
{
    const string Characters = "ABCxyz019-_.=+/ \t\n\0\"{}[]:,\\é\ud800";

    public static string Of(string text, Random random)
    {
        for (var i = random.Next(1, 4); i > 0; i--)
            text = text.Length == 0 ? "." : Once(text, random);
        return text;
    }

    static string Once(string text, Random random)
    {
        var at = random.Next(text.Length);
        var other = random.Next(text.Length);
        var (first, second) = (Math.Min(at, other), Math.Max(at, other));
        var character = Characters[random.Next(Characters.Length)].ToString();
        return random.Next(9) switch
        {
            0 => text.Remove(at, 1).Insert(at, character),
            1 => text.Insert(at, character),
            2 => text.Remove(at, 1),
            3 => text[..first] + text[second] + text[first..second] + text[(second + 1)..],
            4 => text[..first],
            5 => text[first..second] + text,
            6 => text[second..] + text[..second],
            // One bit: the smallest damage there is.
            7 => text.Remove(at, 1).Insert(at, ((char)(text[at] ^ (1 << random.Next(7)))).ToString()),
            _ => text[..first] + text[second..],
        };
    }
}
