using System.Globalization;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Users;

/// <summary>What each member may hold, at its edges, wherever it is written: registration, the own account, an admin's change.</summary>
[Collection(SharedHost.Name)]
public sealed class MemberLimitsTests(HostFixture host)
{
    [Theory]
    [InlineData("weight", "0.1", "0.1")]
    [InlineData("weight", "0.05", "0.1")]
    [InlineData("weight", "1000", "1000")]
    [InlineData("weight", "58.25", "58.3")]
    [InlineData("weight", "\"60\"", "60")]
    [InlineData("weight", "\"60.49\"", "60.5")]
    [InlineData("weight", "0.04", null)]
    [InlineData("weight", "1000.1", null)]
    [InlineData("weight", "-1", null)]
    [InlineData("weight", "1e309", null)]
    [InlineData("weight", "\"60,5\"", null)]
    [InlineData("weight", "true", null)]
    [InlineData("height", "1", "1")]
    [InlineData("height", "300", "300")]
    [InlineData("height", "170.55", "170.6")]
    [InlineData("height", "\"170.5\"", "170.5")]
    [InlineData("height", "0.9", null)]
    [InlineData("height", "300.1", null)]
    [InlineData("height", "\"tall\"", null)]
    public Task A_measure_has_a_range_and_keeps_one_decimal(string member, string sent, string? kept) =>
        EverywhereAsync(member, sent, kept, "invalid_" + member);

    [Theory]
    [InlineData(1, true)]
    [InlineData(100, true)]
    [InlineData(101, false)]
    public async Task A_name_has_1_to_100_characters(int length, bool taken)
    {
        foreach (var letter in new[] { "a", "é", "\U0001F986" })
        {
            var name = string.Concat(Enumerable.Repeat(letter, length));
            await EverywhereAsync("name", $"\"{name}\"", taken ? name : null, "invalid_name");
        }
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(3, true)]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public async Task A_username_has_3_to_64_characters(int length, bool taken)
    {
        foreach (var door in Doors)
        {
            // Random enough to be free, even of three letters.
            var name = Guid.NewGuid().ToString("N").PadRight(65, '-')[..length];
            await OneAsync(door, "username", $"\"{name}\"", taken ? name : null, "invalid_username");
        }
    }

    [Theory]
    [InlineData(254, true)]
    [InlineData(255, false)]
    public async Task An_address_has_254_characters_at_most(int length, bool taken)
    {
        foreach (var door in new[] { "register", "admin" })
        {
            var address = $"{BackChannel.NewName()}@{string.Join('.', Enumerable.Repeat(new string('x', 60), 5))}"[..(length - 4)] + ".org";
            await OneAsync(door, "email", $"\"{address}\"", taken ? address : null, "invalid_email");
        }
    }

    static readonly string[] Doors = ["register", "own", "put", "admin"];

    async Task EverywhereAsync(string member, string sent, string? kept, string code)
    {
        foreach (var door in Doors)
            await OneAsync(door, member, sent, kept, code);
    }

    async Task OneAsync(string door, string member, string sent, string? kept, string code)
    {
        var body = $$"""{"{{member}}":{{sent}}}""";
        Answer answer;
        if (door == "register")
        {
            var username = member == "username" ? "" : $"\"username\":\"{BackChannel.NewName()}\",";
            answer = await host.Client.AskAsync("POST", "/users/register", null, UsersApi.Json($$"""{{{username}}"password":"{{BackChannel.Password}}",{{body[1..]}}"""));
        }
        else
        {
            var (name, id) = await host.Client.RegisterAsync();
            var token = door == "admin" ? await host.Client.ServiceTokenAsync() : await host.Client.AccessTokenAsync(name);
            answer = await host.Client.AskAsync(door == "put" ? "PUT" : "PATCH", door == "own" ? "/users/current" : $"/users/{id}", token, UsersApi.Json(body));
        }
        if (kept is null)
        {
            answer.MustBe(400, code);
            Assert.Equal([member], answer.Json["fields"]!.AsObject().Select(f => f.Key));
            return;
        }
        answer.MustBe(door == "register" ? 201 : 200);
        if (member is "weight" or "height")
            Assert.Equal(decimal.Parse(kept, CultureInfo.InvariantCulture), answer.Data[member]!.GetValue<decimal>());
        else
            Assert.Equal(kept, answer.Data[member]!.GetValue<string>());
    }
}
