using System.Net;
using FakeGoogle;
using IdentityHost.Tests.Support;
using IdentityHost.Tests.Users;

namespace IdentityHost.Tests.SignIn.Google;

/// <summary>The picture of somebody who came from Google: fetched once by the server, served from here, and never from inside.</summary>
[Collection(SharedGoogle.Name)]
public sealed class PictureTests(GoogleHost host)
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Picture_is_fetched_once_and_served_to_those_who_may_see_the_account()
    {
        var person = host.NewPerson(p => p with { Picture = $"{host.Google.Address}/picture.png" });
        var token = await AccessTokenAsync(person);
        var id = await host.LinkedToAsync(person);
        await Eventually.TrueAsync(async () => await host.ScalarAsync<long>("SELECT count(*) FROM user_pictures WHERE user_id = $1", id) == 1, Patience);
        var path = (await host.Client.AskAsync("GET", "/users/current", token)).Data["profile_picture"]!.GetValue<string>();
        Assert.Matches($"^/users/{id}/picture\\?v=[0-9]+$", path);

        foreach (var viewer in new[] { token, await host.Client.AdminTokenAsync() })
        {
            foreach (var node in host.Nodes)
            {
                using var answer = await node.Client.GetAsync(path, viewer);
                Assert.Equal((HttpStatusCode.OK, "image/png"), (answer.StatusCode, answer.Content.Headers.ContentType!.ToString()));
                Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
                Assert.Contains("sandbox", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
                using var again = new HttpRequestMessage(HttpMethod.Get, path);
                again.Headers.Authorization = new("Bearer", viewer);
                again.Headers.IfNoneMatch.Add(answer.Headers.ETag!);
                using var unchanged = await node.Client.SendAsync(again);
                Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
            }
        }
        var (stranger, _) = await host.Client.RegisterAsync();
        using (var refused = await host.Client.GetAsync(path, await host.Client.AccessTokenAsync(stranger)))
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        using (var refused = await host.Client.GetAsync(path))
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);

        // Another sign-in fetches nothing.
        var before = host.Google.Requests("/picture.png");
        await host.SignInAsync(new Tab(host), person);
        await Task.Delay(200);
        Assert.Equal(before, host.Google.Requests("/picture.png"));
    }

    [Theory]
    [InlineData("/picture.html")]
    [InlineData("/picture.huge")]
    [InlineData("/picture.moved")]
    [InlineData("/nothing")]
    public async Task What_is_no_small_picture_is_not_kept_and_the_sign_in_goes_on(string path)
    {
        var person = host.NewPerson(p => p with { Picture = host.Google.Address + path });
        Assert.Equal("/account", await host.SignInAsync(new Tab(host), person));
        var id = await host.LinkedToAsync(person);
        await Eventually.TrueAsync(() => Task.FromResult(host.Nodes.Any(n => n.Log.Lines.Any(l => l.Contains($"No picture was kept for user {id}:", StringComparison.Ordinal)))), Patience);
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM user_pictures WHERE user_id = $1", id));
        Assert.Null((await host.Client.AskAsync("GET", $"/users/{id}", await host.Client.AdminTokenAsync())).Data["profile_picture"]);
    }

    [Theory]
    [Case(186)]
    [InlineData("http://169.254.169.254/latest/meta-data/")]
    [InlineData("http://127.0.0.1:5432/")]
    [InlineData("http://localhost/picture.png")]
    [InlineData("https://lh3.googleusercontent.com.evil.example/a.png")]
    [InlineData("https://googleusercontent.com@127.0.0.1/a.png")]
    [InlineData("http://lh3.googleusercontent.com/a.png")]
    [InlineData("file:///etc/passwd")]
    [InlineData("https://lh3.googleusercontent.com:8443/a.png")]
    [InlineData("//evil.example/a.png")]
    public async Task Address_elsewhere_is_never_asked(string picture)
    {
        var person = host.NewPerson(p => p with { Picture = picture });
        Assert.Equal("/account", await host.SignInAsync(new Tab(host), person));
        var id = await host.LinkedToAsync(person);
        // It is not even tried: a try leaves a line.
        await Task.Delay(100);
        Assert.DoesNotContain(host.Nodes.SelectMany(n => n.Log.Lines), l => l.Contains($"No picture was kept for user {id}:", StringComparison.Ordinal));
    }

    async Task<string> AccessTokenAsync(Person person)
    {
        var location = await host.SignInAsync(new Tab(host), person, GoogleSteps.Begin);
        return (await host.Client.AskAsync("GET", "/users/current", location[(location.IndexOf('=', StringComparison.Ordinal) + 1)..])).Data["access_token"]!.GetValue<string>();
    }
}
