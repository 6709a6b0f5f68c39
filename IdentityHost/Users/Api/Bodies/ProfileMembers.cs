namespace IdentityHost.Users.Api.Bodies;

/// <summary>The members of a profile, as every operation that changes one takes them.</summary>
internal static class ProfileMembers
{
    /// <summary>Null clears a member, an absent one stays, and an empty field of a form says nothing.</summary>
    public static ProfileChange Of(Members members) => new()
    {
        Username = Text(members, "username"),
        Email = Text(members, "email"),
        Name = Text(members, "name"),
        Weight = Number(members, "weight"),
        Height = Number(members, "height"),
    };

    public static Edit<string?>? Text(Members members, string name) =>
        members.IsNull(name) ? new Edit<string?>(null) : members.Text(name) is { Length: > 0 } text ? new Edit<string?>(text) : null;

    static Edit<decimal?>? Number(Members members, string name) =>
        members.IsNull(name) ? new Edit<decimal?>(null) : members.Decimal(name) is { } number ? new Edit<decimal?>(number) : null;
}
