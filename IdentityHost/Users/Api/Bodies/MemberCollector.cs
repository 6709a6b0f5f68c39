namespace IdentityHost.Users.Api.Bodies;

/// <summary>Takes the members of a body as its reader meets them, and refuses what no operation may see: unknown, repeated, nested, NUL.</summary>
internal sealed class MemberCollector(IReadOnlySet<string> allowed)
{
    /// <summary>More members than any operation has.</summary>
    const int Most = 100;

    /// <summary>A refused name is repeated to the client up to this length.</summary>
    const int ShownName = 64;

    readonly Dictionary<string, Member> _members = new(StringComparer.Ordinal);
    readonly List<FieldError> _unknown = [];
    readonly List<FieldError> _refused = [];
    int _count;

    /// <exception cref="MalformedBodyException">There are too many members.</exception>
    public void Add(string name, Member member)
    {
        if (++_count > Most)
            throw new MalformedBodyException("too many members");
        // The Indonesian spelling of seed 000.
        var known = name == "nama" ? "name" : name;
        if (!allowed.Contains(known))
            _unknown.Add(new FieldError(Shown(name), "field_unknown", Shown(name)));
        else if (!_members.TryAdd(known, member))
            _refused.Add(new FieldError(known, "field_repeated", known));
        else if (member.Kind == MemberKind.Nested)
            _refused.Add(new FieldError(known, "field_type", known, "a plain value"));
        else if (member.Text?.Contains('\0', StringComparison.Ordinal) == true)
            // Postgres text cannot hold it.
            _refused.Add(new FieldError(known, "field_type", known, "text without NUL"));
    }

    public (Members? Members, ApiError? Error) Result()
    {
        if (_unknown.Count > 0)
            return (null, ApiErrors.UnknownField with { Fields = _unknown });
        if (_refused.Count > 0)
            return (null, ApiErrors.InvalidRequest with { Fields = _refused });
        return (new Members(_members), null);
    }

    static string Shown(string name) => name.Length <= ShownName ? name : string.Concat(name.AsSpan(0, char.IsHighSurrogate(name[ShownName - 1]) ? ShownName - 1 : ShownName), "…");
}
