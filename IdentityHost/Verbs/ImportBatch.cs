using System.Text;
using System.Text.Json;

namespace IdentityHost.Verbs;

/// <summary>As many lines of an import as one transaction takes. They are kept until it has committed: it may have to be tried again.</summary>
/// <param name="Lines">How many were read; blank ones count and are nothing.</param>
/// <param name="Users">The good ones, with the number of the line.</param>
/// <param name="Faults">The others.</param>
/// <param name="Position">Of the file, in bytes, behind them or a little further.</param>
internal sealed record ImportBatch(int Lines, IReadOnlyList<(long Line, UserLine User)> Users, IReadOnlyList<(long Line, string Reason)> Faults, long Position)
{
    /// <param name="reader">Gives a character for each byte.</param>
    /// <param name="before">Lines that were read before.</param>
    /// <param name="most">So many at most.</param>
    public static async Task<ImportBatch> ReadAsync(StreamReader reader, long before, int most)
    {
        List<(long, UserLine)> users = [];
        List<(long, string)> faults = [];
        var read = 0;
        while (read < most && await reader.ReadLineAsync(CancellationToken.None) is { } text)
        {
            var bytes = Encoding.Latin1.GetBytes(text).AsMemory();
            var line = before + ++read;
            if (line == 1 && bytes.Span.StartsWith(Encoding.UTF8.Preamble))
                bytes = bytes[Encoding.UTF8.Preamble.Length..];
            if (bytes.Span.Trim(" \t"u8).IsEmpty)
                continue;
            try
            {
                var user = UserLine.Parse(bytes.Span);
                if (user.Fault() is { } fault)
                    faults.Add((line, fault));
                else
                    users.Add((line, user));
            }
            catch (JsonException)
            {
                faults.Add((line, "not a JSON object of known members"));
            }
        }
        return new ImportBatch(read, users, faults, reader.BaseStream.Position);
    }
}
