using System.Net;
using System.Net.Http.Headers;
using System.Text;
using IdentityHost.Tests.Support;
using IdentityHost.Users.Pictures;
using static IdentityHost.Tests.Users.Pictures.SamplePictures;

namespace IdentityHost.Tests.Users.Pictures;

/// <summary>A person's picture over HTTP: who may send and see one, what is kept of it, and when it is gone.</summary>
[Collection(SharedHost.Name)]
public sealed class PictureUploadTests(HostFixture host) : IAsyncLifetime
{
    string _username = "";
    string _token = "";
    long _id;

    public async ValueTask InitializeAsync()
    {
        (_username, _id) = await host.Client.RegisterAsync();
        _token = await host.Client.AccessTokenAsync(_username);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Theory, Case(184)]
    [InlineData("/users/current")]
    [InlineData("/user")]
    [InlineData("/api/user")]
    public async Task A_picture_is_served_as_it_was_written_anew(string path)
    {
        var answer = await SendAsync(JpegWith(Segment(0xe1, Exif(6, "GPS somewhere"))), path: path);
        answer.MustBe(200);
        var address = answer.Data["profile_picture"]!.GetValue<string>();
        Assert.StartsWith($"/users/{_id}/picture?v=", address, StringComparison.Ordinal);
        Assert.Equal(address, (await host.Client.AskAsync("GET", "/users/current", _token)).Data["profile_picture"]!.GetValue<string>());
        foreach (var viewer in new[] { _token, await host.Client.AdminTokenAsync() })
        {
            foreach (var node in host.Nodes)
            {
                using var picture = await node.Client.GetAsync(address, viewer);
                Assert.Equal((HttpStatusCode.OK, "image/jpeg"), (picture.StatusCode, picture.Content.Headers.ContentType!.ToString()));
                Assert.Equal("nosniff", picture.Headers.GetValues("X-Content-Type-Options").Single());
                var policy = picture.Headers.GetValues("Content-Security-Policy").Single();
                Assert.Contains("default-src 'none'; sandbox", policy, StringComparison.Ordinal);
                Assert.Equal("no-cache, private", string.Join(", ", picture.Headers.CacheControl!.ToString().Split(", ").Order(StringComparer.Ordinal)));
                var bytes = await picture.Content.ReadAsByteArrayAsync();
                Assert.DoesNotContain("GPS", Encoding.Latin1.GetString(bytes), StringComparison.Ordinal);
                Assert.Contains("e1", Parts(bytes));
                using var again = new HttpRequestMessage(HttpMethod.Get, address);
                again.Headers.Authorization = new AuthenticationHeaderValue("Bearer", viewer);
                again.Headers.IfNoneMatch.Add(picture.Headers.ETag!);
                using var unchanged = await node.Client.SendAsync(again);
                Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
            }
        }
    }

    [Theory, Case(179)]
    [InlineData("<html><script>alert(1)</script>")]
    [InlineData("GIF89a=1;alert(1)//")]
    [InlineData("MZ\u0090\0")]
    [InlineData("<svg onload='alert(1)'/>")]
    public async Task Anything_else_called_png_is_refused_and_leaves_what_was_there(string content)
    {
        (await SendAsync(Png())).MustBe(200);
        var before = await host.FingerprintAsync();
        foreach (var node in host.Nodes)
        {
            var answer = await SendAsync(Encoding.Latin1.GetBytes(content), client: node.Client);
            answer.MustBe(422, "invalid_image");
            Assert.Equal("Invalid file type. Only PNG, JPG, or JPEG files are allowed.", answer.Message);
            Assert.NotNull(answer.Json["fields"]!["profile_picture"]);
        }
        Assert.Equal(before, await host.FingerprintAsync());
        // Text where a file is wanted, and a file where text is.
        (await host.Client.AskAsync("PATCH", "/users/current", _token, UsersApi.Json(new { profile_picture = "x.png" }))).MustBe(400, "invalid_request");
        (await SendAsync(Png(), member: "name")).MustBe(400, "invalid_request");
    }

    [Fact, Case(182)]
    public async Task Large_bodies_are_refused_early()
    {
        (await SendAsync(new byte[PictureLimits.MostBytes + 1])).MustBe(413, "too_large");
        using (var huge = new HttpRequestMessage(HttpMethod.Patch, "/users/current") { Content = new StreamContent(new Endless(100_000_000)) })
        {
            huge.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token);
            huge.Headers.ExpectContinue = true;
            huge.Content.Headers.ContentType = MediaTypeHeaderValue.Parse("multipart/form-data; boundary=x");
            huge.Content.Headers.ContentLength = 100_000_000;
            using var response = await host.Client.SendAsync(huge);
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        }
        var parts = string.Concat(Enumerable.Range(0, 10_000).Select(i => $"--x\r\nContent-Disposition: form-data; name=\"n{i}\"\r\n\r\n1\r\n"));
        (await host.Client.AskAsync("PATCH", "/users/current", _token, UsersApi.Raw(Encoding.ASCII.GetBytes(parts + "--x--\r\n"), "multipart/form-data; boundary=x")))
            .MustBe(400, "invalid_request");
    }

    [Theory, Case(183)]
    [InlineData("../../etc/passwd")]
    [InlineData("C:\\\\x.png")]
    [InlineData("a.cshtml")]
    [InlineData("a.png\0.exe")]
    [InlineData("long")]
    public async Task What_the_file_is_called_says_nothing(string name)
    {
        if (name == "long")
            name = new string('a', 4096);
        byte[] head = [.. Encoding.Latin1.GetBytes($"--x\r\nContent-Disposition: form-data; name=\"profile_picture\"; filename=\"{name}\"\r\nContent-Type: text/html\r\n\r\n")];
        var answer = await host.Client.AskAsync("PATCH", "/users/current", _token, UsersApi.Raw([.. head, .. Png(), .. "\r\n--x--\r\n"u8], "multipart/form-data; boundary=x"));
        // A name that cannot be read at all is a malformed part.
        Assert.True(answer.Status == 200 || (answer.Code == "invalid_request" && name.Contains('\0', StringComparison.Ordinal)), answer.Text);
        if (answer.Status == 200)
            Assert.Matches($"^/users/{_id}/picture\\?v=[0-9]+$", answer.Data["profile_picture"]!.GetValue<string>());
        Assert.DoesNotContain(name, answer.Text, StringComparison.Ordinal);
    }

    [Fact, Case(185)]
    public async Task Only_the_person_sends_one_and_only_who_may_sees_it()
    {
        (await SendAsync(Png())).MustBe(200);
        var (stranger, _) = await host.Client.RegisterAsync();
        var other = await host.Client.AccessTokenAsync(stranger);
        var service = await host.Client.ServiceTokenAsync();
        var manage = await host.Client.AccessTokenAsync(HostFixture.AdminName, HostFixture.AdminPassword, ("scope", "users:manage"));
        (await SendAsync(Png(), token: null)).MustBe(401, "unauthorized");
        (await SendAsync(Png(), token: service)).MustBe(403, "forbidden");
        (await SendAsync(Png(), token: manage)).MustBe(403, "insufficient_scope");
        foreach (var node in host.Nodes)
        {
            (await node.Client.AskAsync("GET", $"/users/{_id}/picture")).MustBe(401, "unauthorized");
            (await node.Client.AskAsync("GET", $"/users/{_id}/picture", other)).MustBe(403, "admin_required");
            (await node.Client.AskAsync("GET", $"/users/{long.MaxValue}/picture", other)).MustBe(403, "admin_required");
        }
    }

    [Fact, Case(185)]
    public async Task So_many_in_a_row_are_refused_on_both_nodes()
    {
        var statuses = new List<int>();
        for (var i = 0; i < 40; i++)
            statuses.Add((await SendAsync(Png(width: i + 1))).Status);
        // The limit is 30; the feed may bring the block to the other node a moment later.
        Assert.InRange(statuses.IndexOf(429), 28, 32);
        foreach (var node in host.Nodes)
        {
            var refused = await SendAsync(Png(), client: node.Client);
            refused.MustBe(429, "too_many_requests");
            Assert.NotNull(refused.Header("retry-after"));
        }
        // Nobody else, and nothing else of theirs.
        (await host.Client.AskAsync("PATCH", "/users/current", _token, UsersApi.Json(new { name = "Aan" }))).MustBe(200);
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'pictures_blocked' AND client_id = 'demo' AND at > identity_now() - interval '1 minute'"));
    }

    [Fact, Case(185)]
    public async Task Of_two_at_once_one_stays()
    {
        for (var round = 0; round < 5; round++)
        {
            var sent = await Task.WhenAll(host.Nodes.Select((node, i) => SendAsync(Png(width: 10 * round + i + 1), client: node.Client)));
            Assert.All(sent, answer => answer.MustBe(200));
            Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM user_pictures WHERE user_id = $1", _id));
            var address = (await host.Client.AskAsync("GET", "/users/current", _token)).Data["profile_picture"]!.GetValue<string>();
            Assert.Contains(address, sent.Select(a => a.Data["profile_picture"]!.GetValue<string>()));
        }
    }

    [Fact, Case(174)]
    public async Task A_signed_address_opens_one_picture_until_it_is_replaced_or_its_person_deleted()
    {
        var first = Link(await SendAsync(Png(width: 3)));
        foreach (var node in host.Nodes)
        {
            using var picture = await node.Client.GetAsync(new Uri(first).PathAndQuery);
            Assert.Equal((HttpStatusCode.OK, "image/png"), (picture.StatusCode, picture.Content.Headers.ContentType!.ToString()));
        }
        var path = new Uri(first).PathAndQuery;
        // Another person's, another version, another signature, or two.
        foreach (var forged in new[] { path.Replace($"/{_id}/", $"/{_id + 1}/", StringComparison.Ordinal), path.Replace("v=", "v=1", StringComparison.Ordinal), path[..^1], path + "&s=x", path + "&v=1" })
            (await host.Client.AskAsync("GET", forged)).MustBe(401, "unauthorized");

        var second = new Uri(Link(await SendAsync(Png(width: 4)))).PathAndQuery;
        (await host.Client.AskAsync("GET", path)).MustBe(404, "not_found");
        Assert.Equal(HttpStatusCode.OK, (await host.Client.GetAsync(second)).StatusCode);

        var without = await host.Client.AskAsync("PATCH", "/users/current", _token, UsersApi.Json(new { profile_picture = (string?)null }));
        Assert.Null(without.Data["profile_picture"]);
        (await host.Client.AskAsync("GET", second)).MustBe(404, "not_found");
        // A later picture does not bring an old address back to life.
        var third = new Uri(Link(await SendAsync(Png(width: 5)))).PathAndQuery;
        (await host.Client.AskAsync("GET", path)).MustBe(404, "not_found");
        (await host.Client.AskAsync("GET", second)).MustBe(404, "not_found");

        (await host.Client.AskAsync("DELETE", $"/users/{_id}", await host.Client.AdminTokenAsync())).MustBe(200);
        foreach (var node in host.Nodes)
            (await node.Client.AskAsync("GET", third)).MustBe(404, "not_found");
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM user_pictures WHERE user_id = $1", _id));
    }

    [Fact]
    public async Task A_form_without_a_chosen_file_says_nothing()
    {
        (await SendAsync(Png())).MustBe(200);
        var answer = await SendAsync([], more: ("name", "Aan"));
        answer.MustBe(200);
        Assert.Equal("Aan", answer.Data["name"]!.GetValue<string>());
        Assert.NotNull(answer.Data["profile_picture"]);
    }

    string Link(Answer answer)
    {
        answer.MustBe(200);
        var version = int.Parse(answer.Data["profile_picture"]!.GetValue<string>().Split("v=")[1], System.Globalization.CultureInfo.InvariantCulture);
        var link = host.Nodes[0].Service<PictureLinks>().UrlOf(_id, version);
        Assert.StartsWith(HostFixture.Issuer + "/users/", link, StringComparison.Ordinal);
        Assert.Equal(link, host.Nodes[1].Service<PictureLinks>().UrlOf(_id, version));
        return link;
    }

    Task<Answer> SendAsync(byte[] file, HttpClient? client = null, string path = "/users/current", string member = "profile_picture", (string, string)? more = null) =>
        SendAsync(file, _token, client, path, member, more);

    async Task<Answer> SendAsync(
        byte[] file, string? token, HttpClient? client = null, string path = "/users/current", string member = "profile_picture", (string Name, string Value)? more = null)
    {
        using var form = new MultipartFormDataContent();
        var part = new ByteArrayContent(file);
        part.Headers.ContentType = new MediaTypeHeaderValue("image/png");
        form.Add(part, member, "me.png");
        if (more is { } field)
            form.Add(new StringContent(field.Value), field.Name);
        return await (client ?? host.Client).AskAsync("PATCH", path, token, form);
    }

    /// <summary>Zeros that cost nobody memory.</summary>
    sealed class Endless(long length) : Stream
    {
        long _left = length;

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = (int)Math.Min(count, _left);
            Array.Clear(buffer, offset, read);
            _left -= read;
            return read;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
