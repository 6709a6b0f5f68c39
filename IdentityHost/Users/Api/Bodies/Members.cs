using System.Globalization;

namespace IdentityHost.Users.Api.Bodies;

internal enum MemberKind
{
    Null,
    Text,
    Number,
    Boolean,

    /// <summary>An object or array: no operation takes one.</summary>
    Nested,

    /// <summary>A part of a multipart form with a file name.</summary>
    File,
}

/// <param name="Kind">What the body said it is; form data only says text.</param>
/// <param name="Text">The text, or a number or boolean as it was written.</param>
internal readonly record struct Member(MemberKind Kind, string? Text = null)
{
    /// <summary>What a file holds.</summary>
    public ReadOnlyMemory<byte> Content { get; init; }
}

/// <summary>
/// The members of one body by name. The getters give an absent member and an explicit null as null (<see cref="Has"/> tells them apart) and
/// collect what is wrong.
/// </summary>
internal sealed class Members(IReadOnlyDictionary<string, Member> values)
{
    readonly List<FieldError> _errors = [];

    /// <summary>Whether the member was sent, be it null.</summary>
    public bool Has(string name) => values.ContainsKey(name);

    /// <summary>Whether the member was sent as null, which clears what is optional.</summary>
    public bool IsNull(string name) => values.TryGetValue(name, out var member) && member.Kind == MemberKind.Null;

    /// <summary>The first error of the getters so far, with every member that was refused.</summary>
    public ApiError? Error => _errors.Count == 0 ? null : ApiErrors.InvalidRequest with { Fields = [.. _errors] };

    public string? Text(string name) => Get(name, MemberKind.Text, "text");

    /// <summary>A member without which the operation makes no sense.</summary>
    public string RequiredText(string name)
    {
        var value = Text(name);
        if (string.IsNullOrEmpty(value) && !_errors.Exists(e => e.Field == name))
            _errors.Add(new FieldError(name, "field_required", name));
        return value ?? "";
    }

    /// <summary>A number, or a string that holds one (seed 003). One that no decimal can hold is an error of the number's own range.</summary>
    /// <returns>Null if absent; <see cref="decimal.MinValue"/> for what is no number.</returns>
    public decimal? Decimal(string name)
    {
        if (!values.TryGetValue(name, out var member) || member.Kind == MemberKind.Null)
            return null;
        // Form data leaves a field empty to say nothing.
        if (member is { Kind: MemberKind.Text, Text: "" })
            return null;
        return member.Kind is MemberKind.Text or MemberKind.Number
            && decimal.TryParse(member.Text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var value)
            ? value
            : decimal.MinValue;
    }

    /// <summary>true or false; form data writes them as text.</summary>
    public bool? Boolean(string name)
    {
        if (!values.TryGetValue(name, out var member) || member.Kind == MemberKind.Null)
            return null;
        switch (member.Text)
        {
            case "true" when member.Kind is MemberKind.Boolean or MemberKind.Text:
                return true;
            case "false" when member.Kind is MemberKind.Boolean or MemberKind.Text:
                return false;
            default:
                _errors.Add(new FieldError(name, "field_type", name, "true / false"));
                return null;
        }
    }

    /// <summary>A file. A form that was sent without choosing one says nothing by it.</summary>
    public ReadOnlyMemory<byte>? File(string name)
    {
        if (!values.TryGetValue(name, out var member) || member.Kind == MemberKind.Null || member is { Kind: MemberKind.Text, Text: "" })
            return null;
        if (member.Kind == MemberKind.File)
            return member.Content.IsEmpty ? default(ReadOnlyMemory<byte>?) : member.Content;
        _errors.Add(new FieldError(name, "field_type", name, "a file"));
        return null;
    }

    string? Get(string name, MemberKind kind, string expected)
    {
        if (!values.TryGetValue(name, out var member) || member.Kind == MemberKind.Null)
            return null;
        if (member.Kind == kind)
            return member.Text;
        _errors.Add(new FieldError(name, "field_type", name, expected));
        return null;
    }
}
