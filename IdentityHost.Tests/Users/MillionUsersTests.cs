using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using IdentityHost.Tests.Races;
using IdentityHost.Tests.SignIn;
using IdentityHost.Tests.Support;
using IdentityHost.Users;
using Npgsql;

namespace IdentityHost.Tests.Users;

/// <summary>
/// A million accounts, in the full run only (<c>IDENTITYHOST_FULL=true</c>, on a machine that does nothing else): how fast they come in, beside a bare COPY of
/// the same rows, and what a page costs far behind the first, or with few of them on it.
/// </summary>
[Collection(Alone.Name)]
public sealed partial class MillionUsersTests(HostFixture host) : IClassFixture<HostFixture>
{
    const int People = 1_000_000;
    const int Page = 10_000;
    const int Limit = 50;

    [Fact]
    public async Task They_come_in_at_a_third_of_a_bare_copy_at_least_and_page_10000_costs_what_page_1_does()
    {
        Assert.SkipUnless(RaceHost.Full, "IDENTITYHOST_FULL=true");
        var folder = Directory.CreateTempSubdirectory("million").FullName;
        try
        {
            var file = Path.Combine(folder, "accounts.jsonl");
            await File.WriteAllLinesAsync(file, Enumerable.Range(0, People).Select(Line));
            var (code, output, error) = await HostProcess.RunAsync(
                "Development", TimeSpan.FromMinutes(30), "users", "import", $"--ConnectionStrings:Postgres={host.ConnectionString}", file);
            Assert.True(code == 0, output + error);
            Assert.Contains("1,000,000 accounts were made", output, StringComparison.Ordinal);
            // What it says of itself.
            var import = TimeSpan.FromSeconds(People / double.Parse(Reported().Matches(error)[^1].Groups["rate"].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture));
            var (bare, indexed) = (await CopyAsync(Path.Combine(folder, "rows"), ""), await CopyAsync(Path.Combine(folder, "rows"), "INCLUDING ALL"));
            Say($"import {Rate(import)}, bare COPY of the same rows into a table with the same indexes {Rate(indexed)}, without any {Rate(bare)}");
            Assert.InRange(import / indexed, 0, 3);

            await host.ExecuteAsync("VACUUM ANALYZE users");
            var admin = await host.Client.AdminTokenAsync();
            var slow = new List<string>();
            foreach (var query in new[] { "", "sort=-id", "sort=username", "sort=email", "sort=-created_at", "q=person", "q=person&sort=email", "role=USER&status=true", "q=person&role=USER&sort=-username" })
            {
                var first = $"/users?limit={Limit}&{query}";
                var far = $"{first}&after={Uri.EscapeDataString(await CursorAsync(query))}";
                var (near, away) = (new List<double>(), new List<double>());
                for (var i = 0; i < 120; i++)
                {
                    near.Add(await TimeAsync(first, admin, Limit));
                    away.Add(await TimeAsync(far, admin, Limit));
                }
                var (page1, page10000) = (Median(near), Median(away));
                Say($"?{query}: page 1 {page1:0.00} ms, page 10,000 {page10000:0.00} ms");
                if (page10000 > 2 * page1 || page1 > 2 * page10000)
                    slow.Add($"{query}: {page1:0.00} / {page10000:0.00} ms");
            }
            // Few or none of the million: no page reads all the others to find them, also once the statement is prepared for whatever comes.
            var whole = Median(await TimesAsync($"/users?limit={Limit}", admin, Limit));
            foreach (var (query, rows) in new[]
            {
                ("role=ADMIN", 1), ("role=ADMIN&sort=username", 1), ("role=ADMIN&sort=-created_at", 1), ("status=false&sort=email", 0), ("q=admin", 1), ("q=admin&sort=-id", 1),
                ("q=person0000001&sort=created_at", 1), ("q=nobody&sort=email", 0), ("q=person&role=ADMIN", 0),
            })
            {
                var few = Median(await TimesAsync($"/users?limit={Limit}&{query}", admin, rows));
                Say($"?{query}: {few:0.00} ms for {rows}, {whole:0.00} ms for a whole page");
                if (few > 2 * whole)
                    slow.Add($"{query}: {few:0.00} ms");
            }
            Assert.Empty(slow);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static string Line(int i) => JsonSerializer.Serialize(new
    {
        username = string.Create(CultureInfo.InvariantCulture, $"person{i * 7919L % People:D7}"),
        email = string.Create(CultureInfo.InvariantCulture, $"person{i}@example.com"),
        email_verified = true,
        name = "Person Number " + i.ToString(CultureInfo.InvariantCulture),
        weight = 58.5,
        height = 170.5,
        password_hash = Convert.ToBase64String([1, 0, 0, 0, 2, 0, 3, 0x34, 0x50, 0, 0, 0, 16, .. new byte[16], .. new byte[32]]),
        created_at = DateTime.UnixEpoch.AddSeconds(i),
    });

    /// <summary>The same rows by one COPY, as fast as Postgres takes them from a client.</summary>
    async Task<TimeSpan> CopyAsync(string file, string like)
    {
        await using var connection = await host.Database.OpenConnectionAsync();
        if (!File.Exists(file))
        {
            await using var output = File.Create(file);
            await using var rows = await connection.BeginRawBinaryCopyAsync("COPY users TO STDOUT (FORMAT BINARY)");
            await rows.CopyToAsync(output);
        }
        await ExecuteAsync($"CREATE TABLE bare (LIKE users {like})");
        var started = Stopwatch.GetTimestamp();
        await using (var input = File.OpenRead(file))
        await using (var copy = await connection.BeginRawBinaryCopyAsync("COPY bare FROM STDIN (FORMAT BINARY)"))
            await input.CopyToAsync(copy);
        var took = Stopwatch.GetElapsedTime(started);
        await ExecuteAsync("DROP TABLE bare");
        return took;

        async Task ExecuteAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
            await command.ExecuteNonQueryAsync();
        }
    }

    /// <summary>What <c>page.next</c> of page 9,999 is: the cursor behind that many rows, without asking for each page before it.</summary>
    async Task<string> CursorAsync(string query)
    {
        var words = query.Split('&').Select(p => p.Split('=')).Where(p => p.Length == 2).ToDictionary(p => p[0], p => p[1], StringComparer.Ordinal);
        var text = words.GetValueOrDefault("sort", "id");
        var (descending, sort) = (text.StartsWith('-'), text.TrimStart('-') switch { "username" => UserSort.Username, "email" => UserSort.Email, "created_at" => UserSort.CreatedAt, _ => UserSort.Id });
        var column = sort switch { UserSort.Username => "normalized_user_name", UserSort.Email => "normalized_email", UserSort.CreatedAt => "created_at", _ => "id" };
        // The admin is filtered out where people are asked for; one row more or less makes no page.
        await using var command = host.Database.CreateCommand(
            $"SELECT id, normalized_user_name, normalized_email, created_at FROM users WHERE user_name LIKE 'person%' ORDER BY {column} {(descending ? "DESC" : "")} LIMIT 1 OFFSET {(Page - 1) * Limit - 1}");
        command.CommandTimeout = 0;
        await using var row = await command.ExecuteReaderAsync();
        Assert.True(await row.ReadAsync());
        var position = sort switch
        {
            UserSort.Username => new PagePosition(row.GetInt64(0), row.GetString(1)),
            UserSort.Email => new PagePosition(row.GetInt64(0), row.GetString(2)),
            UserSort.CreatedAt => new PagePosition(row.GetInt64(0), Time: row.GetDateTime(3)),
            _ => new PagePosition(row.GetInt64(0)),
        };
        return host.Nodes[0].Service<PageCursor>().Write(sort, descending, position);
    }

    async Task<List<double>> TimesAsync(string path, string token, int rows)
    {
        var times = new List<double>();
        for (var i = 0; i < 60; i++)
            times.Add(await TimeAsync(path, token, rows));
        return times;
    }

    async Task<double> TimeAsync(string path, string token, int rows)
    {
        var started = Stopwatch.GetTimestamp();
        var answer = await host.Nodes[0].Client.AskAsync("GET", path, token);
        var took = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        answer.MustBe(200);
        Assert.Equal(rows, answer.Data.AsArray().Count);
        return took;
    }

    /// <summary>Without the first, which compile and prepare.</summary>
    static double Median(List<double> times) => times.Skip(20).Order().ElementAt((times.Count - 20) / 2);

    static string Rate(TimeSpan took) => string.Create(CultureInfo.InvariantCulture, $"{People / took.TotalSeconds:N0} rows/s");

    [GeneratedRegex("(?<rate>[0-9,]+)/s", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Reported();

    static void Say(FormattableString line)
    {
        var text = line.ToString(CultureInfo.InvariantCulture);
        TestContext.Current.SendDiagnosticMessage(text);
        TestContext.Current.TestOutputHelper?.WriteLine(text);
    }
}
