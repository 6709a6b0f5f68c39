using IdentityHost.Users;
using IdentityHost.Users.Endpoints;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace IdentityHost.Tests.Users;

/// <summary>SECURITY.md 177: the query of a list is clamped or refused, and a cursor is ours or nothing.</summary>
public sealed class PagesTests
{
    readonly PageCursor _cursor = new(new EphemeralDataProtectionProvider());

    [Fact]
    public void Cursor_ComesBackAsWritten()
    {
        var time = new DateTime(2026, 1, 18, 1, 2, 3, DateTimeKind.Utc).AddTicks(10);
        PagePosition[] positions = [new(7), new(7, "A|B=C@X"), new(7, Time: time)];
        foreach (var position in positions)
            Assert.Equal(position, _cursor.Read(_cursor.Write(UserSort.Email, true, position), UserSort.Email, true));
    }

    [Fact]
    public void Cursor_TamperedOrOfAnotherOrder_IsNothing()
    {
        var text = _cursor.Write(UserSort.Id, false, new PagePosition(7));
        Assert.Null(_cursor.Read(text, UserSort.Id, descending: true));
        Assert.Null(_cursor.Read(text, UserSort.Email, descending: false));
        var changed = text[..20] + (text[20] == 'A' ? 'B' : 'A') + text[21..];
        foreach (var other in new[] { "", "7", "%%%", new string('A', 2000), changed })
            Assert.Null(_cursor.Read(other, UserSort.Id, false));
    }

    [Theory]
    [InlineData("?limit=0", "limit")]
    [InlineData("?limit=-1", "limit")]
    [InlineData("?limit=ten", "limit")]
    [InlineData("?sort=passwordHash", "sort")]
    [InlineData("?sort=--id", "sort")]
    [InlineData("?sort=id;drop table users", "sort")]
    [InlineData("?role=ROOT", "role")]
    [InlineData("?status=1", "status")]
    [InlineData("?after=7", "after")]
    [InlineData("?q=%00", "q")]
    [InlineData("?limit=1&limit=2", "limit")]
    public void Query_Invalid_NamesTheParameter(string query, string field)
    {
        var (page, error) = Parse(query);
        Assert.Null(page);
        Assert.Equal(field, Assert.Single(error!.Fields).Field);
    }

    [Theory]
    [InlineData("", 50)]
    [InlineData("?limit=1", 1)]
    [InlineData("?limit=1000000000", 200)]
    [InlineData("?limit=100000000000000000000000", 200)]
    public void Query_Limit_IsClamped(string query, int limit) => Assert.Equal(limit, Parse(query).Page!.Limit);

    [Fact]
    public void Statement_HoldsNothingTheClientSaid()
    {
        foreach (var sort in new[] { "id", "-username", "email", "-email", "created_at" })
        {
            var (page, _) = Parse($"?q=%27%20or%201%3D1&role=ADMIN&status=true&sort={sort}");
            using var command = new Npgsql.NpgsqlCommand();
            var sql = UserReads.Statement(page!, command.Parameters);
            Assert.DoesNotContain("1=1", sql, StringComparison.OrdinalIgnoreCase);
            Assert.Contains(command.Parameters, p => (p.Value as string) == "' OR 1=1");
        }
    }

    (UserPage? Page, IdentityHost.Users.Api.ApiError? Error) Parse(string query) =>
        ListUsersEndpoint.Parse(new QueryCollection(QueryHelpers.ParseQuery(query)), _cursor);
}
