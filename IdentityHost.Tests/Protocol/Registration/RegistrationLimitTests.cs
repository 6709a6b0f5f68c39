using System.Net;
using IdentityHost.Jobs;
using IdentityHost.Tests.Support;
using Quartz;
using Microsoft.Extensions.DependencyInjection;

namespace IdentityHost.Tests.Protocol.Registration;

/// <summary>A host where an address may register five applications in an hour.</summary>
public sealed class LimitedRegistrationHost(TestPostgres postgres) : HostFixture(postgres)
{
    public const int Most = 5;

    protected override IEnumerable<KeyValuePair<string, string?>> Settings =>
    [
        new("Registration:Open", "true"),
        new("Registration:InitialAccessToken", RegistrationHost.InitialToken),
        new("Registration:RequirePkce", "false"),
        new("RateLimits:ClientRegistration:Permits", "5"),
    ];
}

/// <summary>Strangers fill neither the table nor the memory.</summary>
public sealed class RegistrationLimitTests(LimitedRegistrationHost host) : IClassFixture<LimitedRegistrationHost>
{
    [Fact]
    public async Task Strangers_are_counted_by_address_over_all_nodes_exactly_and_trusted_ones_are_not()
    {
        await host.ExecuteAsync("DELETE FROM failure_counters; DELETE FROM revocations WHERE kind = 8");
        // What is refused anyway counts nothing.
        for (var i = 0; i <= LimitedRegistrationHost.Most; i++)
            await host.Client.PostAsync(Registering.Metadata(("redirect_uris", null))).RefusedAsync("invalid_redirect_uri");

        var answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => host.Client.PostAsync(Registering.Metadata())));
        Assert.Equal(LimitedRegistrationHost.Most, answers.Count(a => a.StatusCode == HttpStatusCode.Created));
        Assert.All(answers, a => Assert.True(a.StatusCode is HttpStatusCode.Created or HttpStatusCode.TooManyRequests, $"{a.StatusCode}"));
        var made = new Registered(await answers.First(a => a.StatusCode == HttpStatusCode.Created).JsonAsync());
        foreach (var node in host.Nodes)
        {
            using var change = await node.Client.ManageAsync(HttpMethod.Put, made, made.Metadata(("client_name", "Changed")));
            Assert.Equal(HttpStatusCode.TooManyRequests, change.StatusCode);
            using var read = await node.Client.ManageAsync(HttpMethod.Get, made);
            Assert.Equal(HttpStatusCode.OK, read.StatusCode);
            using var refused = await node.Client.PostAsync(Registering.Metadata());
            Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
            Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromMinutes(59), TimeSpan.FromHours(1));
            await node.Client.RegisteredAsync(RegistrationHost.InitialToken);
        }
        Assert.Equal(1, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'address_blocked'"));
    }

    [Fact]
    public async Task Pkce_may_be_left_to_those_who_have_a_secret_and_to_nobody_else()
    {
        foreach (var (method, required) in new[] { ("client_secret_basic", false), ("none", true) })
        {
            var client = await host.Client.RegisteredAsync(RegistrationHost.InitialToken, ("token_endpoint_auth_method", method));
            Assert.Equal(required, await host.ScalarAsync<bool>("SELECT require_pkce FROM applications WHERE client_id = $1", client.ClientId));
        }
    }

    [Fact]
    public async Task Registration_that_nobody_used_goes_after_thirty_days_and_every_other_stays()
    {
        var unused = await OldAsync(31);
        var young = await OldAsync(29);
        var consented = await OldAsync(31);
        var granted = await OldAsync(31);
        var service = await OldAsync(31, ("grant_types", new System.Text.Json.Nodes.JsonArray("authorization_code", "client_credentials")));
        var ended = await OldAsync(61);
        var (username, id) = await host.Client.RegisterAsync();
        await host.Client.AccessTokenAsync(username);
        await host.ExecuteAsync("INSERT INTO consents (user_id, application_id, scope) SELECT $1, id, 'openid' FROM applications WHERE client_id = $2", id, consented.ClientId);
        await host.ExecuteAsync("UPDATE grants SET application_id = (SELECT id FROM applications WHERE client_id = $2) WHERE user_id = $1", id, granted.ClientId);
        using (await host.Client.ManageAsync(HttpMethod.Delete, ended))
            await host.ExecuteAsync("UPDATE applications SET updated_at = identity_now() - interval '31 days' WHERE client_id = $1", ended.ClientId);
        foreach (var node in host.Nodes)
            await node.Client.BasicAsync($"{unused.ClientId}:{unused.Secret}", ("grant_type", "password")).RefusedAsync("unauthorized_client");

        await ActivatorUtilities.CreateInstance<PruningJob>(host.Nodes[0].App.Services).Execute(null!);

        string[] names = [unused.ClientId, young.ClientId, consented.ClientId, granted.ClientId, service.ClientId, ended.ClientId];
        var left = await host.ScalarAsync<string[]>("SELECT array_agg(client_id) FROM applications WHERE client_id = ANY ($1)", [names]);
        Assert.Equal(new[] { young, consented, granted, service }.Select(c => c.ClientId).Order(), left!.Order());
        await host.FeedReadAsync();
        foreach (var node in host.Nodes)
            await node.Client.BasicAsync($"{unused.ClientId}:{unused.Secret}", ("grant_type", "password")).RefusedAsync(HttpStatusCode.Unauthorized, "invalid_client");
        Assert.Equal(2, await host.ScalarAsync<long>("SELECT count(*) FROM audit_events WHERE kind = 'registration_removed' AND client_id = ANY ($1)", [names]));
    }

    async Task<Registered> OldAsync(int days, params (string, System.Text.Json.Nodes.JsonNode?)[] members)
    {
        var client = await host.Client.RegisteredAsync(RegistrationHost.InitialToken, members);
        await host.ExecuteAsync("UPDATE applications SET registered_at = identity_now() - make_interval(days => $2) WHERE client_id = $1", client.ClientId, days);
        return client;
    }
}
