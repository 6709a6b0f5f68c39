using System.Text.Json.Nodes;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Users;

/// <summary>The list of everybody: pages that lose nobody while people come, and a query that cannot be more than a query.</summary>
[Collection(SharedHost.Name)]
public sealed class ListTests(HostFixture host)
{
    [Theory]
    [InlineData("id")]
    [InlineData("-id")]
    [InlineData("username")]
    [InlineData("-username")]
    [InlineData("email")]
    [InlineData("-email")]
    [InlineData("created_at")]
    [InlineData("-created_at")]
    public async Task Pages_lose_nobody_and_repeat_nobody_while_people_come_and_go(string sort)
    {
        var admin = await host.Client.AdminTokenAsync();
        // Starts every name of this test and no other's.
        var prefix = "p" + Guid.NewGuid().ToString("N")[..12];
        List<long> old = [];
        for (var i = 0; i < 11; i++)
            old.Add(await AddAsync($"{prefix}-{"maybgkdtqhs"[i]}", i % 4 == 0));
        var leaving = await AddAsync($"{prefix}-nn", nameless: false);

        List<JsonNode> seen = [];
        var link = $"/users?q={prefix.ToUpperInvariant()}&limit=3&sort={sort}";
        for (var page = 0; link is not null; page++)
        {
            var answer = await host.Client.AskAsync("GET", link, admin);
            answer.MustBe(200);
            var rows = answer.Data.AsArray();
            Assert.Equal(3, answer.Json["page"]!["limit"]!.GetValue<int>());
            Assert.InRange(rows.Count, 1, 3);
            seen.AddRange(rows.Select(r => r!.DeepClone()));
            link = Next(answer);
            Assert.True(page < 20, "the pages do not end");
            // Somebody comes before, in the middle and behind; somebody goes; somebody changes.
            await AddAsync($"{prefix}-{"a0mz"[page % 4]}{page}", page % 2 == 0);
            if (page == 0)
                await host.ExecuteAsync("DELETE FROM users WHERE id = $1", leaving);
            await host.ExecuteAsync("UPDATE users SET version = version + 1 WHERE id = $1", old[page % old.Count]);
        }

        var ids = seen.Select(u => u["id"]!.GetValue<long>()).ToList();
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.Empty(old.Except(ids));
        var keys = seen.Select(u => Key(u, sort.TrimStart('-'))).ToList();
        var sorted = keys.Order(StringComparer.Ordinal).ToList();
        if (sort[0] == '-')
            sorted.Reverse();
        Assert.Equal(sorted, keys);
    }

    [Fact]
    public async Task Filters_and_prefix_narrow_the_list()
    {
        var admin = await host.Client.AdminTokenAsync();
        var prefix = "f" + Guid.NewGuid().ToString("N")[..12];
        var (off, on) = (await AddAsync($"{prefix}-off", nameless: false), await AddAsync($"{prefix}-on", nameless: true));
        (await host.Client.SetStatusAsync(off, false, admin)).MustBe(200);

        Assert.Equal([off, on], await IdsAsync($"q={prefix}"));
        Assert.Equal([off], await IdsAsync($"q={prefix}&status=false"));
        Assert.Equal([on], await IdsAsync($"q={prefix}&status=true"));
        Assert.Equal([off], await IdsAsync($"q={prefix}-off%40example"));
        Assert.Equal([], await IdsAsync($"q={prefix}&role=ADMIN"));
        Assert.Equal([off, on], await IdsAsync($"q={prefix}&role=USER"));
        Assert.Equal([], await IdsAsync($"q={prefix[1..]}"));
        // A pattern's signs are letters like others.
        Assert.Equal([], await IdsAsync($"q={prefix[..6]}%25"));
        Assert.Equal([], await IdsAsync($"q={prefix[..12]}_"));

        async Task<List<long>> IdsAsync(string query) =>
            [.. (await host.Client.AskAsync("GET", $"/users?{query}", admin)).Data.AsArray().Select(u => u!["id"]!.GetValue<long>())];
    }

    [Theory, Case(177)]
    [InlineData("limit=1000000000", 200)]
    [InlineData("limit=99999999999999999999999999", 200)]
    [InlineData("limit=201", 200)]
    [InlineData("limit=200", 200)]
    [InlineData("limit=1", 1)]
    [InlineData("", 50)]
    [InlineData("unknown=1&Limit2=5", 50)]
    public async Task A_limit_is_clamped(string query, int limit)
    {
        var admin = await host.Client.AdminTokenAsync();
        foreach (var node in host.Nodes)
        {
            var answer = await node.Client.AskAsync("GET", $"/users?{query}", admin);
            answer.MustBe(200);
            Assert.Equal(limit, answer.Json["page"]!["limit"]!.GetValue<int>());
            Assert.InRange(answer.Data.AsArray().Count, 1, limit);
        }
    }

    [Theory, Case(177)]
    [InlineData("sort=passwordHash", "sort")]
    [InlineData("sort=password_hash", "sort")]
    [InlineData("sort=id%3bdrop%20table%20users", "sort")]
    [InlineData("sort=(select%201)", "sort")]
    [InlineData("sort=", "sort")]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=-1", "limit")]
    [InlineData("limit=1e9", "limit")]
    [InlineData("limit=%00", "limit")]
    [InlineData("after=x", "after")]
    [InlineData("after=", "after")]
    [InlineData("role=ROOT", "role")]
    [InlineData("status=1", "status")]
    [InlineData("q=%00", "q")]
    [InlineData("limit=1&limit=1000", "limit")]
    [InlineData("limit=1&LIMIT=1000", "limit")]
    [InlineData("sort=id&sort=email", "sort")]
    [InlineData("q=a&q=b", "q")]
    [InlineData("role=USER&role=ADMIN", "role")]
    [InlineData("status=true&status=false", "status")]
    public async Task A_query_that_is_none_is_refused_by_name(string query, string parameter)
    {
        var admin = await host.Client.AdminTokenAsync();
        foreach (var node in host.Nodes)
        {
            var answer = await node.Client.AskAsync("GET", $"/users?{query}", admin);
            answer.MustBe(400, "invalid_request");
            Assert.Equal([parameter], answer.Json["fields"]!.AsObject().Select(f => f.Key));
        }
    }

    [Theory, Case(177)]
    [InlineData("' or 1=1")]
    [InlineData("' OR '1'='1' --")]
    [InlineData("%")]
    [InlineData("_")]
    [InlineData("\\")]
    [InlineData("$1")]
    [InlineData("'; DROP TABLE users; --")]
    public async Task A_search_is_only_text(string text)
    {
        var admin = await host.Client.AdminTokenAsync();
        var before = await host.FingerprintAsync();
        foreach (var node in host.Nodes)
        {
            var answer = await node.Client.AskAsync("GET", $"/users?q={Uri.EscapeDataString(text)}", admin);
            answer.MustBe(200);
            Assert.Empty(answer.Data.AsArray());
        }
        Assert.Equal(before, await host.FingerprintAsync());
    }

    /// <summary>Where the Link header leads (RFC 8288), which <c>page.next</c> must agree with.</summary>
    static string? Next(Answer answer)
    {
        var next = answer.Json["page"]!["next"]?.GetValue<string>();
        if (answer.Header("link") is not { } link)
        {
            Assert.Null(next);
            return null;
        }
        Assert.Matches("^</users\\?[^>]+>; rel=\"next\"$", link);
        var target = link[1..link.IndexOf('>', StringComparison.Ordinal)];
        Assert.Contains($"after={Uri.EscapeDataString(next!)}", target, StringComparison.Ordinal);
        return target;
    }

    /// <summary>What the order compares, as text: people without an address come last in ascending order.</summary>
    static string Key(JsonNode user, string sort)
    {
        var id = user["id"]!.GetValue<long>().ToString("D19", System.Globalization.CultureInfo.InvariantCulture);
        return sort switch
        {
            "id" => id,
            "email" => (user["email"]?.GetValue<string>().ToUpperInvariant() ?? "\uffff") + id,
            // Milliseconds are told; the database orders by more.
            "created_at" => user["created_at"]!.GetValue<string>(),
            _ => user["username"]!.GetValue<string>().ToUpperInvariant(),
        };
    }

    async Task<long> AddAsync(string username, bool nameless)
    {
        var answer = await host.Client.PostAsync(
            "/users/register", new { username, password = BackChannel.Password, email = nameless ? null : $"{username}@example.com" });
        answer.MustBe(201);
        return answer.Data["id"]!.GetValue<long>();
    }
}
