using System.Globalization;
using System.Text;

namespace IdentityHost.Verbs;

/// <summary>Lines of an import that came to something else than an account, by their numbers, in a file beside the imported one. Empty lists have no file.</summary>
/// <param name="path">Of the list.</param>
internal sealed class ImportList(string path)
{
    /// <summary>In bytes.</summary>
    public long Length { get; private set; }

    /// <summary>Takes back what a run that was stopped wrote beyond what it committed; all of it, where an import begins.</summary>
    public void CutTo(long length)
    {
        Length = length;
        if (!File.Exists(path))
            return;
        if (length == 0)
        {
            File.Delete(path);
            return;
        }
        using var file = new FileStream(path, FileMode.Open, FileAccess.Write);
        file.SetLength(Math.Min(length, file.Length));
    }

    public void Add(IReadOnlyCollection<string> lines)
    {
        if (lines.Count == 0)
            return;
        using var file = new FileStream(path, FileMode.Append, FileAccess.Write);
        file.Write(Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n"))));
        Length = file.Length;
    }

    /// <summary>Numbers as <c>line 7</c> and <c>lines 9-20</c>.</summary>
    /// <param name="numbers">Ascending.</param>
    public static IReadOnlyCollection<string> Ranges(IReadOnlyList<long> numbers)
    {
        List<string> ranges = [];
        for (var (from, to) = (0, 0); from < numbers.Count; from = to)
        {
            while (to < numbers.Count && numbers[to] - numbers[from] == to - from)
                to++;
            var first = numbers[from].ToString(CultureInfo.InvariantCulture);
            ranges.Add(to - from == 1 ? $"line {first}" : $"lines {first}-{numbers[to - 1].ToString(CultureInfo.InvariantCulture)}");
        }
        return ranges;
    }
}
