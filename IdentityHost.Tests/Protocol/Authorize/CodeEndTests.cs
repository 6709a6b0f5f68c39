using System.Net;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Authorize;

/// <summary>What ends a person's sign-in between the code and its use.</summary>
public enum CodeEnd
{
    Disabled,
    Deleted,
    PasswordChanged,
    PasswordReset,
    PasswordIssued,
    SignedOut,
    SignedOutEverywhere,
    ApplicationDisabled,
}

/// <summary>A code is worth no more than what it hangs on: the person, the sign-in, the application.</summary>
[Collection(AuthorizeHost.Name)]
public sealed class CodeEndTests(AuthorizeHost host)
{
    const string NewPassword = "another quiet place";

    public static TheoryData<CodeEnd> Ends => [.. Enum.GetValues<CodeEnd>()];

    [Theory]
    [MemberData(nameof(Ends))]
    [Case(55)]
    public async Task A_code_dies_with_what_it_hangs_on(CodeEnd end)
    {
        var app = new RelyingParty(host, AuthorizeHost.Own);
        var (tab, username, id) = await app.PersonAsync();
        var code = await app.CodeAsync(tab);
        await EndAsync(end, tab, username, id);
        if (end == CodeEnd.ApplicationDisabled)
        {
            await app.RedeemAsync(host.Client, code).RefusedAsync(HttpStatusCode.Unauthorized, "invalid_client");
            await host.ChangeApplicationAsync(AuthorizeHost.Own, "enabled = true");
            return;
        }
        var rows = await host.RowsAsync();
        foreach (var node in host.Nodes)
            await app.RedeemAsync(node.Client, code).RefusedAsync("invalid_grant");
        Assert.Equal(rows, await host.RowsAsync());
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM grants WHERE user_id = $1", id));
    }

    [Theory]
    [InlineData(CodeEnd.Disabled)]
    [InlineData(CodeEnd.Deleted)]
    [InlineData(CodeEnd.PasswordReset)]
    [InlineData(CodeEnd.SignedOutEverywhere)]
    [Case(55)]
    public async Task A_request_that_waits_asks_for_a_sign_in_again(CodeEnd end)
    {
        var app = new RelyingParty(host, AuthorizeHost.Web);
        var (tab, username, id) = await app.PersonAsync();
        var (page, request) = await tab.AskedAsync(app.Address());
        var token = await tab.FormTokenAsync(page);
        await EndAsync(end, tab.Copy(), username, id);
        using var allowed = await tab.SendAsync(HttpMethod.Post, "/consent?handler=Allow", [("id", request), ("__RequestVerificationToken", token)]);
        Assert.True(allowed.StatusCode is HttpStatusCode.SeeOther or HttpStatusCode.BadRequest, $"{(int)allowed.StatusCode}");
        Assert.Equal(0, await host.ScalarAsync<long>("SELECT count(*) FROM consents WHERE user_id = $1", id));
        Assert.Equal($"/connect/authorize/{request}", await tab.BegunAsync($"/connect/authorize/{request}"));
    }

    async Task EndAsync(CodeEnd end, Tab tab, string username, long id)
    {
        switch (end)
        {
            case CodeEnd.ApplicationDisabled:
                await host.ChangeApplicationAsync(AuthorizeHost.Own, "enabled = false");
                return;
            case CodeEnd.PasswordReset:
                using (var reset = await new Tab(host).ResetAsync(await host.ForgetAsync($"{username}@example.com"), NewPassword))
                    Assert.Equal(HttpStatusCode.SeeOther, reset.StatusCode);
                return;
            case CodeEnd.PasswordChanged:
                using (var changed = await tab.PostAsync("/account/password", "/account/password", ("password", BackChannel.Password), ("new_password", NewPassword), ("new", NewPassword)))
                    Assert.True(changed.StatusCode == HttpStatusCode.SeeOther, await changed.Content.ReadAsStringAsync());
                return;
            case CodeEnd.SignedOut or CodeEnd.SignedOutEverywhere:
                var session = await host.ScalarAsync<Guid>("SELECT id FROM sessions WHERE user_id = $1 AND ended_at IS NULL", id);
                using (var ended = await tab.PostAsync(end == CodeEnd.SignedOut ? "/account?handler=End" : "/account?handler=EndAll", "/account", ("session", session.ToString("N"))))
                    Assert.Equal("/signed-out", ended.Headers.Location!.OriginalString);
                return;
            default:
                var admin = await host.Client.AdminTokenAsync();
                using (var answer = end switch
                {
                    CodeEnd.Deleted => await host.Client.CallAsync(HttpMethod.Delete, $"/users/{id}", admin),
                    CodeEnd.PasswordIssued => await host.Client.CallAsync(HttpMethod.Post, $"/users/{id}/password", admin),
                    _ => await host.Client.CallAsync(HttpMethod.Patch, $"/users/{id}/status", admin, new { status = false }),
                })
                    Assert.True(answer.IsSuccessStatusCode, $"{end}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
                return;
        }
    }
}
