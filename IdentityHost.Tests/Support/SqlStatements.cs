namespace IdentityHost.Tests.Support;

/// <summary>One SQL statement as it was sent.</summary>
/// <param name="Text">The statement, trimmed, without its final semicolon.</param>
/// <param name="Kind">Its first word in upper case: SELECT, INSERT, UPDATE, DELETE, WITH, LISTEN …</param>
internal sealed record SqlStatement(string Text, string Kind);

/// <summary>Takes a command's text apart. Npgsql tells a batch as its statements joined by semicolons.</summary>
internal static class SqlStatements
{
    /// <summary>The statements in the text. Semicolons in strings, quoted names, comments and dollar-quoted bodies do not separate.</summary>
    public static IEnumerable<SqlStatement> Split(string sql)
    {
        var begin = 0;
        for (var i = 0; i < sql.Length; i++)
        {
            if (sql[i] == ';')
            {
                if (Statement(sql[begin..i]) is { } statement)
                    yield return statement;
                begin = i + 1;
            }
            else
            {
                i = SkipOpaque(sql, i);
            }
        }
        if (Statement(sql[begin..]) is { } last)
            yield return last;
    }

    /// <summary>The index of the last character of the literal, quoted name or comment that begins here; the same index when none does.</summary>
    static int SkipOpaque(string sql, int i)
    {
        switch (sql[i])
        {
            // A doubled quote inside is read as two neighbouring literals, which comes to the same.
            case '\'' or '"':
                return Through(sql[i].ToString(), i + 1);
            case '-' when sql.AsSpan(i).StartsWith("--"):
                return Through("\n", i);
            case '/' when sql.AsSpan(i).StartsWith("/*"):
                return Through("*/", i + 2);
            case '$' when DollarTag(sql, i) is { } tag:
                return Through(tag, i + tag.Length);
            default:
                return i;
        }

        int Through(string end, int from)
        {
            var found = sql.IndexOf(end, from, StringComparison.Ordinal);
            return found < 0 ? sql.Length - 1 : found + end.Length - 1;
        }
    }

    /// <summary><c>$$</c> or <c>$tag$</c> at the index; null for a parameter such as <c>$1</c>.</summary>
    static string? DollarTag(string sql, int i)
    {
        var end = i + 1;
        while (end < sql.Length && (char.IsAsciiLetter(sql[end]) || sql[end] == '_'))
            end++;
        return end < sql.Length && sql[end] == '$' ? sql[i..(end + 1)] : null;
    }

    static SqlStatement? Statement(string text)
    {
        text = text.Trim();
        var start = 0;
        while (start < text.Length && !char.IsAsciiLetter(text[start]))
            start = SkipOpaque(text, start) + 1;
        var end = start;
        while (end < text.Length && char.IsAsciiLetter(text[end]))
            end++;
        return end > start ? new SqlStatement(text, text[start..end].ToUpperInvariant()) : null;
    }
}
