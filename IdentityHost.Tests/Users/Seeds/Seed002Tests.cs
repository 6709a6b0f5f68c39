using System.Net;
using System.Net.Http.Headers;
using IdentityHost.Tests.Support;
using IdentityHost.Tests.Users.Pictures;
using static IdentityHost.Tests.Users.Seeds.SeedReplay;

namespace IdentityHost.Tests.Users.Seeds;

/// <summary>The document 002 Entity Database, call by call, as form data with its own fields.</summary>
public sealed class Seed002Tests(ShortPasswordsHost host) : IClassFixture<ShortPasswordsHost>
{
    static readonly (string, string)[] Passwords = [("old_password", "oda123"), ("new_password", "123oda")];

    [Fact]
    public async Task Every_call_of_the_document()
    {
        var replay = new SeedReplay("002");
        await host.Client.RegisterAsync("oda2");

        // 1. Register User API
        (string, string)[] register = [("username", "oda"), ("email", "oda@mail.com"), ("password", "oda123")];
        var registered = await AskAsync("POST", "/user", null, register);
        registered.MustBe(201);
        Assert.NotEmpty(registered.Message);
        var sameName = await AskAsync("POST", "/user", null, ("username", "oda"), ("email", "other@mail.com"), ("password", "oda123"));
        sameName.MustBe(409, "username_taken");
        var sameEmail = await AskAsync("POST", "/user", null, ("username", "other"), ("email", "oda@mail.com"), ("password", "oda123"));
        sameEmail.MustBe(409, "email_taken");

        // 2. Login User API
        var login = await AskAsync("POST", "/user", null, ("email", "oda@mail.com"), ("password", "oda123"));
        login.MustBe(200);
        MustHave(login.Data, "access_token", "refresh_token", "data");
        MustHave(login.Data["data"], "email", "id", "profile_picture", "username");
        Assert.Equal(("oda@mail.com", "oda"), (login.Data["data"]!["email"]!.GetValue<string>(), login.Data["data"]!["username"]!.GetValue<string>()));
        Assert.Null(login.Data["data"]!["profile_picture"]);
        var token = login.Data["access_token"]!.GetValue<string>();
        var unknown = await AskAsync("POST", "/user", null, ("email", "nobody@mail.com"), ("password", "oda123"));
        var wrong = await AskAsync("POST", "/user", null, ("email", "oda@mail.com"), ("password", "wrong1"));
        unknown.MustBe(401, "invalid_credentials");
        Assert.Equal((unknown.Status, unknown.Text), (wrong.Status, wrong.Text));
        replay.Differs("one message for unknown user and wrong password");
        MustHave(registered.Data, "id", "username", "email", "profile_picture", "created_at", "updated_at");
        Assert.Null(registered.Data["oda"]);
        Assert.Equal("oda", registered.Data["username"]!.GetValue<string>());
        replay.Differs("register answers the user, not `{\"oda2\":\"oda2\"}`");

        // 3. Update User Data API
        var updated = await PictureAsync(token, SamplePictures.Png(), ("username", "oda"), ("email", "oda@mail.com"));
        updated.MustBe(200);
        MustHave(updated.Data, "email", "profile_picture", "username");
        using (var picture = await host.Client.GetAsync(updated.Data["profile_picture"]!.GetValue<string>(), token))
            Assert.Equal((HttpStatusCode.OK, "image/png"), (picture.StatusCode, picture.Content.Headers.ContentType!.MediaType));
        var onlyEmail = await AskAsync("PATCH", "/user", token, ("email", "oda@mail.com"));
        onlyEmail.MustBe(200);
        MustHave(onlyEmail.Data, "email", "profile_picture", "username");
        var invalid = await AskAsync("PATCH", "/user", token, ("email", "oda"));
        invalid.MustBe(400, "invalid_email");
        Assert.Equal("Not a valid email address.", invalid.Json["fields"]!["email"]![0]!.GetValue<string>());
        (await AskAsync("PATCH", "/user", token, ("username", "oda2"))).MustBe(409, "username_taken");
        (await AskAsync("PATCH", "/user", token, ("email", "oda2@example.com"))).MustBe(409, "email_taken");
        var text = await PictureAsync(token, "no picture"u8.ToArray());
        text.MustBe(422, "invalid_image");
        Assert.Equal("Invalid file type. Only PNG, JPG, or JPEG files are allowed.", text.Message);

        // 4. Get Detail User Data API
        var detail = await AskAsync("GET", "/users/current", token, Passwords);
        detail.MustBe(200);
        MustHave(detail.Data, "email", "id", "profile_picture", "username");
        (await AskAsync("GET", "/users", token)).MustBe(403, "admin_required");

        // 5. Reset Password User Data API
        var reset = await AskAsync("PATCH", "/users", token, Passwords);
        reset.MustBe(200);
        Assert.True(reset.Json.ContainsKey("data") && reset.Json["data"] is null, reset.Text);

        // 6. Logout User API
        (await AskAsync("PATCH", "/logout", token, Passwords)).MustBe(200);
        await host.EventuallyRefusedAsync(token);
        var revoked = await AskAsync("GET", "/users/current", token);
        revoked.MustBe(401, "token_revoked");
        Assert.Equal("Token has been revoked", revoked.Json["msg"]!.GetValue<string>());
        (await AskAsync("GET", "/users/current", "nonsense")).MustBe(401, "unauthorized");

        // 6. Delete User API
        (await AskAsync("DELETE", "/users", token)).MustBe(401, "token_revoked");
        var fresh = (await AskAsync("POST", "/user", null, ("email", "oda@mail.com"), ("password", "123oda"))).Data["access_token"]!.GetValue<string>();
        var deleted = await AskAsync("DELETE", "/users", fresh);
        deleted.MustBe(200);
        Assert.True(deleted.Json.ContainsKey("data") && deleted.Json["data"] is null, deleted.Text);
        replay.Differs("`data: []` and `data: 1` are `data: null`");
        replay.Differs("its DELETE follows its own logout, so a replay signs in again");
        await host.EventuallyRefusedAsync(fresh);
        (await AskAsync("DELETE", "/users", fresh)).MustBe(401);
        replay.MustBeTheTable();
    }

    Task<Answer> AskAsync(string method, string path, string? token, params (string, string)[] fields) =>
        host.Client.AskAsync(method, path, token, fields.Length == 0 ? null : UsersApi.Multipart(fields));

    async Task<Answer> PictureAsync(string token, byte[] file, params (string Name, string Value)[] fields)
    {
        using var form = new MultipartFormDataContent();
        foreach (var (name, value) in fields)
            form.Add(new StringContent(value), name);
        var part = new ByteArrayContent(file);
        part.Headers.ContentType = new MediaTypeHeaderValue("image/png");
        form.Add(part, "profile_picture", "namafile.png");
        return await host.Client.AskAsync("PATCH", "/user", token, form);
    }
}
