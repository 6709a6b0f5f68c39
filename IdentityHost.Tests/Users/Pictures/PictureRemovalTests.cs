using System.Globalization;
using IdentityHost.Tests.Support;
using IdentityHost.Users.Pictures;
using static IdentityHost.Tests.Users.Pictures.SamplePictures;

namespace IdentityHost.Tests.Users.Pictures;

/// <summary>A picture that should not be seen: whoever manages users takes it away with <c>PATCH /users/{id}</c>.</summary>
[Collection(SharedHost.Name)]
public sealed class PictureRemovalTests(HostFixture host) : IAsyncLifetime
{
    string _token = "";
    long _id;

    public async ValueTask InitializeAsync()
    {
        (var username, _id) = await host.Client.RegisterAsync();
        _token = await host.Client.AccessTokenAsync(username);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Those_who_manage_users_take_a_picture_away_and_choose_none()
    {
        foreach (var manager in new[] { await host.Client.AdminTokenAsync(), await host.Client.ServiceTokenAsync() })
        {
            var link = await ChooseAsync();
            var path = $"/users/{_id}";
            var before = await host.Client.AskAsync("GET", path, manager);
            // Not with another change that is refused, not for an old version, not by others, and never for another one.
            (await ChangeAsync(_token)).MustBe(403, "admin_required");
            (await ChangeAsync(manager, ("If-Match", "\"v999\""))).MustBe(412, "precondition_failed");
            (await host.Client.AskAsync("PATCH", path, manager, UsersApi.Json("""{"profile_picture":null,"role":"ROOT"}"""))).MustBe(400, "invalid_request");
            (await host.Client.AskAsync("PATCH", path, manager, UsersApi.Json("""{"profile_picture":null,"username":"admin"}"""))).MustBe(409, "username_taken");
            (await host.Client.AskAsync("PATCH", path, manager, UsersApi.Json("""{"profile_picture":"x.png"}"""))).MustBe(400, "invalid_request");
            (await host.Client.AskAsync("PATCH", path, manager, UsersApi.Form(("profile_picture", "")))).MustBe(400, "invalid_request");
            (await SendAsync(manager, path)).MustBe(400, "invalid_request");
            Assert.Equal(before.Text, (await host.Client.AskAsync("GET", path, manager)).Text);

            var without = await ChangeAsync(manager, ("If-Match", before.Header("etag")!));
            without.MustBe(200);
            Assert.True(without.Data.AsObject().ContainsKey("profile_picture"));
            Assert.Null(without.Data["profile_picture"]);
            Assert.NotEqual(before.Header("etag"), without.Header("etag"));
            foreach (var node in host.Nodes)
            {
                (await node.Client.AskAsync("GET", link)).MustBe(404, "not_found");
                (await node.Client.AskAsync("GET", $"{path}/picture", _token)).MustBe(404, "not_found");
                Assert.Null((await node.Client.AskAsync("GET", "/users/current", _token)).Data["profile_picture"]);
            }
            // Once more changes nothing, and the person may choose again.
            Assert.Equal(without.Header("etag"), (await ChangeAsync(manager)).Header("etag"));

            Task<Answer> ChangeAsync(string token, params (string, string)[] headers) =>
                host.Client.AskAsync("PATCH", path, token, UsersApi.Json("""{"profile_picture":null}"""), headers);
        }
        await ChooseAsync();
        Assert.Equal(2, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE subject_id = $1 AND kind = 'picture_removed'", _id));
        (await host.Client.AskAsync("PATCH", "/users/999999999", await host.Client.ServiceTokenAsync(), UsersApi.Json("""{"profile_picture":null}"""))).MustBe(404, "user_not_found");
    }

    /// <summary>The person's own choice. Returns its signed address.</summary>
    async Task<string> ChooseAsync()
    {
        var answer = await SendAsync(_token, "/users/current");
        answer.MustBe(200);
        var version = int.Parse(answer.Data["profile_picture"]!.GetValue<string>().Split("v=")[1], CultureInfo.InvariantCulture);
        var link = new Uri(host.Nodes[0].Service<PictureLinks>().UrlOf(_id, version)).PathAndQuery;
        Assert.True((await host.Client.GetAsync(new Uri(link, UriKind.Relative))).IsSuccessStatusCode);
        return link;
    }

    async Task<Answer> SendAsync(string token, string path)
    {
        using var form = new MultipartFormDataContent { { new ByteArrayContent(Png()), "profile_picture", "me.png" } };
        return await host.Client.AskAsync("PATCH", path, token, form);
    }
}
