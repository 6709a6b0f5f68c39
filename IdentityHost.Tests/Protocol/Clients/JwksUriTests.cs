using System.Diagnostics;
using System.Text.Json.Nodes;
using IdentityHost.Tests.Protocol.Registration;
using IdentityHost.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace IdentityHost.Tests.Protocol.Clients;

/// <summary>Keys behind a <c>jwks_uri</c>: when they are read, and that a site which misbehaves hurts nobody but itself.</summary>
public sealed class JwksUriTests(AssertionHost host) : IClassFixture<AssertionHost>
{
    /// <summary>Of case 68.</summary>
    static readonly TimeSpan CutAfter = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task They_are_read_once_and_kept()
    {
        using var key = new AssertionKey();
        await using var site = await JsonSite.StartAsync(AssertionKey.Set(key).ToJsonString());
        var id = await RegisterAsync(site);
        for (var i = 0; i < 5; i++)
        {
            foreach (var node in host.Nodes)
                await node.Client.AssertedAsync(key.Assertion(id)).GrantedAsync();
        }
        Assert.Equal(host.Nodes.Count, site.Requests);
    }

    /// <summary>An application may put another key there at any moment and use it at once.</summary>
    [Fact]
    public async Task A_new_key_works_at_its_first_use_and_one_that_was_taken_away_soon_does_not()
    {
        using var first = new AssertionKey();
        using var second = new AssertionKey("RS256");
        await using var site = await JsonSite.StartAsync(AssertionKey.Set(first).ToJsonString());
        var id = await RegisterAsync(site);
        var node = host.Nodes[0].Client;
        await node.AssertedAsync(first.Assertion(id)).GrantedAsync();
        site.Document = AssertionKey.Set(second).ToJsonString();
        await node.AssertedAsync(second.Assertion(id)).GrantedAsync();
        await node.AssertedAsync(first.Assertion(id)).NoClientAsync();
    }

    [Fact]
    public async Task Invented_names_do_not_make_us_knock_for_each()
    {
        using var key = new AssertionKey();
        await using var site = await JsonSite.StartAsync(AssertionKey.Set(key).ToJsonString());
        var id = await RegisterAsync(site);
        var node = host.Nodes[0].Client;
        await Task.WhenAll(Enumerable.Range(0, 30).Select(i => node.AssertedAsync(key.Sign(key.Header(("kid", $"invented-{i}")), AssertionKey.Claims(id))).NoClientAsync()));
        Assert.InRange(site.Requests, 1, 5);
        await node.AssertedAsync(key.Assertion(id)).GrantedAsync();
    }

    /// <summary>Nobody can spend the reads of an application by hanging up.</summary>
    [Fact]
    public async Task Whoever_hangs_up_ends_no_read()
    {
        using var key = new AssertionKey();
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var site = await JsonSite.StartAsync(AssertionKey.Set(key).ToJsonString());
        var id = await RegisterAsync(site);
        var serve = site.Answer;
        site.Answer = async context =>
        {
            await release.Task.WaitAsync(context.RequestAborted);
            await serve(context);
        };
        var node = host.Nodes[0].Client;
        for (var i = 0; i < 8; i++)
        {
            using var gone = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
            using var request = new HttpRequestMessage(HttpMethod.Post, "/connect/token")
            {
                Content = new FormUrlEncodedContent([
                    new("grant_type", "client_credentials"), new("client_assertion_type", AssertionKey.Type),
                    new("client_assertion", key.Sign(key.Header(("kid", $"invented-{i}")), AssertionKey.Claims(id))),
                ]),
            };
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => node.SendAsync(request, gone.Token));
        }
        release.SetResult();
        await node.AssertedAsync(key.Assertion(id)).GrantedAsync();
        Assert.Equal(1, site.Requests);
    }

    /// <summary>A site that never answers costs its application one wait, not one for each request, while a key is known.</summary>
    [Fact]
    public async Task A_site_that_hangs_stalls_nobody_whose_key_is_known()
    {
        using var key = new AssertionKey();
        await using var site = await JsonSite.StartAsync(AssertionKey.Set(key).ToJsonString());
        var id = await RegisterAsync(site);
        var node = host.Nodes[1].Client;
        await node.AssertedAsync(key.Assertion(id)).GrantedAsync();
        site.Answer = context => Task.Delay(Timeout.Infinite, context.RequestAborted);
        var passed = TimeSpan.FromMinutes(11);
        await host.Clock.SetAsync(passed);
        try
        {
            await node.AssertedAsync(Later(key, id, passed)).GrantedAsync();
            var watch = Stopwatch.StartNew();
            for (var i = 0; i < 20; i++)
                await node.AssertedAsync(Later(key, id, passed)).GrantedAsync();
            Assert.InRange(watch.Elapsed, TimeSpan.Zero, CutAfter);
        }
        finally
        {
            await host.Clock.SetAsync(TimeSpan.Zero);
        }
    }

    [Fact]
    public async Task A_bad_key_beside_a_good_one_is_passed_over()
    {
        using var key = new AssertionKey();
        await using var site = await JsonSite.StartAsync($$"""{"keys":[{"kid":"\ud800"},5,{"kty":"oct"},{{key.Jwk().ToJsonString()}}]}""");
        await host.Client.AssertedAsync(key.Assertion(await RegisterAsync(site))).GrantedAsync();
    }

    [Fact]
    public async Task A_refusal_reads_the_keys_once()
    {
        using var key = new AssertionKey();
        await using var site = await JsonSite.StartAsync("<html>");
        var id = await RegisterAsync(site);
        for (var i = 1; i <= 3; i++)
        {
            await host.Nodes[0].Client.AssertedAsync(key.Assertion(id)).NoClientAsync();
            Assert.Equal(i, site.Requests);
        }
    }

    [Fact]
    public async Task A_site_that_is_away_shuts_out_nobody_whose_key_is_known()
    {
        using var key = new AssertionKey();
        await using var site = await JsonSite.StartAsync(AssertionKey.Set(key).ToJsonString());
        var id = await RegisterAsync(site);
        var node = host.Nodes[1].Client;
        await node.AssertedAsync(key.Assertion(id)).GrantedAsync();
        site.Answer = context =>
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return Task.CompletedTask;
        };
        var passed = TimeSpan.FromMinutes(11);
        await host.Clock.SetAsync(passed);
        var read = site.Requests;
        await node.AssertedAsync(Later(key, id, passed)).GrantedAsync();
        Assert.Equal(read + 1, site.Requests);
        passed = TimeSpan.FromMinutes(75);
        await host.Clock.SetAsync(passed);
        await node.AssertedAsync(Later(key, id, passed)).NoClientAsync();
        await host.Clock.SetAsync(TimeSpan.Zero);
    }

    [Theory]
    [Case(68)]
    [InlineData("redirect")]
    [InlineData("endless")]
    [InlineData("announced")]
    [InlineData("dripping")]
    [InlineData("silent")]
    [InlineData("page")]
    [InlineData("array")]
    [InlineData("private key of HMAC")]
    public async Task A_site_that_misbehaves_is_cut(string how)
    {
        using var key = new AssertionKey();
        using var inside = new SilentListener();
        await using var site = await JsonSite.StartAsync(AssertionKey.Set(key).ToJsonString());
        var id = await RegisterAsync(site);
        site.Answer = async context =>
        {
            var (response, gone) = (context.Response, context.RequestAborted);
            switch (how)
            {
                case "redirect":
                    response.Redirect($"http://127.0.0.1:{inside.Port}/keys");
                    break;
                case "announced":
                    response.ContentLength = 1L << 30;
                    await DripAsync(TimeSpan.Zero);
                    break;
                case "endless":
                    await DripAsync(TimeSpan.Zero);
                    break;
                case "dripping":
                    await DripAsync(TimeSpan.FromSeconds(1));
                    break;
                case "silent":
                    await Task.Delay(Timeout.Infinite, gone);
                    break;
                case "page":
                    await response.WriteAsync("<html>", gone);
                    break;
                case "array":
                    await response.WriteAsync("[]", gone);
                    break;
                default:
                    await response.WriteAsync("""{"keys":[{"kty":"oct","k":"AAAA","kid":"x"},5,null,{"kty":"EC","crv":"P-256","x":"\ud800"},{"kid":"\ud800"}]}""", gone);
                    break;
            }

            async Task DripAsync(TimeSpan pause)
            {
                var block = new byte[pause > TimeSpan.Zero ? 1 : 64 * 1024];
                Array.Fill(block, (byte)' ');
                for (var i = 0; i < 1 << 14; i++)
                {
                    await response.Body.WriteAsync(block, gone);
                    await response.Body.FlushAsync(gone);
                    await Task.Delay(pause, gone);
                }
            }
        };
        var watch = Stopwatch.StartNew();
        await host.Nodes[0].Client.AssertedAsync(key.Assertion(id)).NoClientAsync();
        // Twice that: the machine may be busy. The site itself would go on for hours.
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, CutAfter * 2);
        Assert.False(inside.WasCalled);
        // It is the site's own loss, and only as long as it lasts.
        site.Answer = context => context.Response.WriteAsync(AssertionKey.Set(key).ToJsonString());
        await host.Nodes[0].Client.AssertedAsync(key.Assertion(id)).GrantedAsync();
    }

    static string Later(AssertionKey key, string id, TimeSpan passed)
    {
        var now = DateTimeOffset.UtcNow.Add(passed).ToUnixTimeSeconds();
        return key.Assertion(id, ("iat", now), ("exp", now + 60));
    }

    async Task<string> RegisterAsync(JsonSite site) => (await host.Client.RegisteredAsync(
        AssertionHost.InitialToken,
        ("token_endpoint_auth_method", "private_key_jwt"),
        ("jwks_uri", $"{site.Address}/jwks"),
        ("grant_types", new JsonArray("client_credentials", "authorization_code")))).ClientId;
}
