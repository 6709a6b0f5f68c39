using IdentityHost.Tests.Support;
using Pages.Docs;

namespace IdentityHost.Tests.Users.Seeds;

/// <summary>A host whose accounts are those of the document that is replayed, and of nobody else.</summary>
public sealed class SeedHost(TestPostgres postgres) : HostFixture(postgres);

/// <summary>For the documents whose example passwords have six characters and are among the first that are guessed.</summary>
public sealed class ShortPasswordsHost(TestPostgres postgres) : HostFixture(postgres)
{
    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
        [new("Passwords:MinimumLength", "6"), new("Passwords:RefuseCommon", "false")];
}

/// <summary>Calls of one document in its order, and the differences that they show.</summary>
sealed class SeedReplay(string number)
{
    readonly List<string> _shown = [];

    /// <summary>The assertions around this line show this difference of the table.</summary>
    public void Differs(string difference) => _shown.Add(difference);

    /// <summary>What was shown is the table's row, no more and no less.</summary>
    public void MustBeTheTable() => Assert.Equal(SeedDifferences.All.Single(s => s.Number == number).Differs, _shown);

    /// <summary>Every member that the document prints, at its place under the data.</summary>
    public static void MustHave(System.Text.Json.Nodes.JsonNode? data, params string[] members)
    {
        var names = Assert.IsType<System.Text.Json.Nodes.JsonObject>(data).Select(m => m.Key).ToHashSet();
        Assert.All(members, member => Assert.Contains(member, names));
    }
}
