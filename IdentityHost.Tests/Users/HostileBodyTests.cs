using System.IO.Compression;
using System.Text;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Users;

/// <summary>Whatever bytes come as a body of registration, login or a change of status: the client hears what is wrong, and nothing happens.</summary>
[Collection(SharedHost.Name)]
public sealed class HostileBodyTests(HostFixture host) : IAsyncLifetime
{
    string _admin = "";
    long _target;

    public async ValueTask InitializeAsync()
    {
        _admin = await host.Client.AdminTokenAsync();
        (_, _target) = await host.Client.RegisterAsync();
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Theory, Case(198)]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("5")]
    [InlineData("{$member:$value} {}")]
    [InlineData("{$member:$value,}")]
    [InlineData("{$member:$value/* a comment */}")]
    [InlineData("{$member:$value,$member:$value}")]
    [InlineData("{'member':1}")]
    [InlineData("{$member:\"\\ud800\"}")]
    [InlineData("{$member:\"\\udc00\\ud800\"}")]
    [InlineData("{\"\\ud800\":1}")]
    [InlineData("{$member:\"a\\u0000b\"}")]
    [InlineData("{\"\\u0000\":1}")]
    public async Task Broken_json_is_refused(string body)
    {
        foreach (var (door, member, value) in Doors)
        {
            var text = body.Replace("$member", $"\"{member}\"", StringComparison.Ordinal).Replace("$value", value, StringComparison.Ordinal);
            await RefusedAsync(door, () => UsersApi.Json(text), 400);
        }
    }

    [Fact, Case(198)]
    public async Task Deep_json_is_refused()
    {
        foreach (var (door, member, _) in Doors)
        {
            foreach (var (open, close) in new[] { ("[", "]"), ("{\"a\":", "}") })
            {
                var nest = string.Concat(Enumerable.Repeat(open, 1000)) + "1" + string.Concat(Enumerable.Repeat(close, 1000));
                await RefusedAsync(door, () => UsersApi.Json($$"""{"{{member}}":{{nest}}}"""), 400);
                await RefusedAsync(door, () => UsersApi.Json(nest), 400);
            }
        }
    }

    [Fact, Case(198)]
    public async Task Bytes_that_are_not_utf8_are_refused()
    {
        foreach (var (door, member, value) in Doors)
        {
            var json = $$"""{"{{member}}":{{value}}}""";
            byte[] overlong = [.. Encoding.ASCII.GetBytes($"{{\"{member}\":\""), 0xc0, 0x80, (byte)'"', (byte)'}'];
            byte[] surrogate = [.. Encoding.ASCII.GetBytes($"{{\"{member}\":\""), 0xed, 0xa0, 0x80, (byte)'"', (byte)'}'];
            await RefusedAsync(door, () => UsersApi.Raw(overlong, "application/json"), 400);
            await RefusedAsync(door, () => UsersApi.Raw(surrogate, "application/json; charset=utf-8"), 400);
            await RefusedAsync(door, () => UsersApi.Raw([0xff, 0xfe, .. Encoding.Unicode.GetBytes(json)], "application/json"), 400);
            await RefusedAsync(door, () => UsersApi.Raw(Encoding.Unicode.GetBytes(json), "application/json; charset=utf-16"), 415);
            await RefusedAsync(door, () => UsersApi.Raw(Encoding.ASCII.GetBytes($"{member}=%c0%80"), "application/x-www-form-urlencoded"), 400);
            await RefusedAsync(door, () => UsersApi.Raw(Encoding.ASCII.GetBytes($"{member}=a%00b"), "application/x-www-form-urlencoded"), 400);
        }
    }

    [Theory, Case(199)]
    [InlineData("[1]")]
    [InlineData("{\"$ne\":null}")]
    [InlineData("18446744073709551616")]
    [InlineData("1e309")]
    [InlineData("-1e309")]
    [InlineData("0.5")]
    [InlineData("{}")]
    public async Task A_value_of_the_wrong_type_is_refused(string value)
    {
        foreach (var (door, member, _) in Doors)
            await RefusedAsync(door, () => UsersApi.Json($$"""{"{{member}}":{{value}}}"""), 400);
        var name = BackChannel.NewName();
        foreach (var member in new[] { "email", "name", "password" })
            await RefusedAsync("/users/register", () => UsersApi.Json($$"""{"username":"{{name}}","{{member}}":{{value}}}"""), 400);
        await RefusedAsync("/users/login", () => UsersApi.Json($$"""{"username":"{{HostFixture.AdminName}}","password":{{value}}}"""), 400);
    }

    [Theory, Case(199)]
    [InlineData("18446744073709551616")]
    [InlineData("1e309")]
    [InlineData("-1")]
    [InlineData("1e-400")]
    [InlineData("\"NaN\"")]
    [InlineData("\"Infinity\"")]
    [InlineData("\"60,5\"")]
    [InlineData("\"0x10\"")]
    [InlineData("true")]
    [InlineData("\" \"")]
    public async Task A_measure_out_of_range_is_refused(string value)
    {
        foreach (var measure in new[] { "weight", "height" })
        {
            var json = $$"""{"username":"{{BackChannel.NewName()}}","password":"{{BackChannel.Password}}","{{measure}}":{{value}}}""";
            var answer = await RefusedAsync("/users/register", () => UsersApi.Json(json), 400);
            answer.MustBe(400, $"invalid_{measure}");
        }
    }

    [Fact, Case(199)]
    public async Task A_bomb_is_not_inflated_and_a_flood_is_not_read()
    {
        using var bomb = new MemoryStream();
        await using (var gzip = new GZipStream(bomb, CompressionLevel.SmallestSize, leaveOpen: true))
            await gzip.WriteAsync(new byte[20_000_000]);
        foreach (var (door, member, value) in Doors)
        {
            foreach (var encoding in new[] { "gzip", "br", "deflate", "gzip, gzip", "x" })
                await RefusedAsync(door, () => UsersApi.Raw(bomb.ToArray(), "application/json"), 415, ("Content-Encoding", encoding));
            var flood = $$"""{"{{member}}":{{value}},"x":"{{new string('x', 100_000)}}"}""";
            await RefusedAsync(door, () => UsersApi.Json(flood), 413);
            await RefusedAsync(door, () => UsersApi.Json(flood), 413, ("Transfer-Encoding", "chunked"));
        }
    }

    [Theory, Case(198)]
    [InlineData("text/plain")]
    [InlineData("application/xml")]
    [InlineData("application/json-patch+json")]
    [InlineData("multipart/form-data")]
    [InlineData("multipart/mixed; boundary=x")]
    public async Task A_content_type_nobody_reads_is_refused(string type)
    {
        foreach (var (door, member, value) in Doors)
            await RefusedAsync(door, () => UsersApi.Raw(Encoding.UTF8.GetBytes($$"""{"{{member}}":{{value}}}"""), type), 415);
    }

    /// <summary>Each operation that reads a body, with a member of it and a right value.</summary>
    IEnumerable<(string Door, string Member, string Value)> Doors =>
    [
        ("/users/register", "username", $"\"{BackChannel.NewName()}\""),
        ("/users/login", "username", $"\"{BackChannel.NewName()}\""),
        ($"/users/{_target}/status", "status", "false"),
    ];

    /// <summary>Both nodes refuse it with the same answer, and nothing was written.</summary>
    async Task<Answer> RefusedAsync(string door, Func<HttpContent> content, int status, params (string, string)[] headers)
    {
        var before = await host.FingerprintAsync();
        var change = door.EndsWith("/status", StringComparison.Ordinal);
        List<Answer> answers = [];
        foreach (var node in host.Nodes)
            answers.Add(await node.Client.AskAsync(change ? "PATCH" : "POST", door, change ? _admin : null, content(), headers));
        answers[0].MustBe(status, answers[0].Code ?? "");
        Assert.Equal((answers[0].Status, answers[0].Text), (answers[1].Status, answers[1].Text));
        Assert.Equal(before, await host.FingerprintAsync());
        return answers[0];
    }
}
