namespace IdentityHost.Users.Api.Bodies;

/// <summary>Form data of one kind or the other as members.</summary>
internal static class FormBody
{
    /// <summary>A body of <c>application/x-www-form-urlencoded</c>.</summary>
    /// <exception cref="MalformedBodyException">Not UTF-8, or a broken escape.</exception>
    public static void Read(ReadOnlySpan<byte> content, MemberCollector members)
    {
        try
        {
            foreach (var (name, value) in FormFields.Parse(content))
                members.Add(name, new Member(MemberKind.Text, value));
        }
        catch (FormatException e)
        {
            throw new MalformedBodyException(e.Message);
        }
    }

    /// <summary>UTF-8 or nothing.</summary>
    /// <exception cref="MalformedBodyException">Not UTF-8.</exception>
    public static string Text(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return FormFields.Text(bytes);
        }
        catch (FormatException e)
        {
            throw new MalformedBodyException(e.Message);
        }
    }
}
