using System.Net;
using System.Text;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol;

/// <summary>RFC 6749 §3.2: what the token endpoint takes for a request at all.</summary>
[Collection(ClientsHost.Name)]
public sealed class TokenEndpointTests(ClientsHost host)
{
    static readonly (string, string) Grant = ("grant_type", "client_credentials");
    static readonly (string, string)[] Right = [Grant, ("client_id", "post"), ("client_secret", ClientsHost.Secret)];
    const string RightForm = "grant_type=client_credentials&client_id=post&client_secret=" + ClientsHost.Secret;

    [Theory]
    [Case(45)]
    [InlineData("GET")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    [InlineData("PATCH")]
    public async Task OtherMethods_AreNotAllowed(string method)
    {
        foreach (var node in host.Nodes)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), "/connect/token?" + RightForm);
            using var response = await node.Client.SendAsync(request);
            Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
            Assert.Equal("POST", response.Content.Headers.Allow.Single());
            Answers.Clean(await response.Content.ReadAsStringAsync());
        }
    }

    [Fact]
    [Case(45)]
    public async Task ParametersInTheQuery_DoNotCount()
    {
        foreach (var node in host.Nodes)
        {
            await node.Client.PostAsync("/connect/token?" + RightForm, null).RefusedAsync("invalid_request");
            await node.Client.PostAsync("/connect/token?" + RightForm, Form("")).RefusedAsync(HttpStatusCode.Unauthorized, "invalid_client");
            await node.Client.PostAsync("/connect/token?grant_type=client_credentials", Form($"client_id=post&client_secret={ClientsHost.Secret}")).RefusedAsync("invalid_request");
            await node.Client.PostAsync("/connect/token?client_id=nobody", Form(RightForm)).GrantedAsync();
        }
    }

    [Theory]
    [Case(46)]
    [InlineData("application/json")]
    [InlineData("text/plain")]
    [InlineData("multipart/form-data; boundary=x")]
    [InlineData("application/x-www-form-urlencoded; charset=utf-16")]
    [InlineData("application/x-www-form-urlencodedx")]
    [InlineData("nonsense")]
    [InlineData(null)]
    public async Task OtherContentTypes_AreNotProcessed(string? type)
    {
        foreach (var node in host.Nodes)
        {
            var body = type == "application/json" ? $$"""{"grant_type":"client_credentials","client_id":"post","client_secret":"{{ClientsHost.Secret}}"}""" : RightForm;
            var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            if (type is not null)
                content.Headers.TryAddWithoutValidation("Content-Type", type);
            await node.Client.PostAsync("/connect/token", content).RefusedAsync("invalid_request");
        }
    }

    [Fact]
    [Case(47)]
    public async Task GrantType_MissingUnknownOrNotAllowed_EachHasItsError()
    {
        (string, string)[] client = [("client_id", "post"), ("client_secret", ClientsHost.Secret)];
        foreach (var node in host.Nodes)
        {
            await node.Client.TokenAsync(client).RefusedAsync("invalid_request");
            await node.Client.TokenAsync([("grant_type", ""), .. client]).RefusedAsync("invalid_request");
            await node.Client.TokenAsync([("grant_type", "magic"), .. client]).RefusedAsync("unsupported_grant_type");
            await node.Client.TokenAsync([("grant_type", "CLIENT_CREDENTIALS"), .. client]).RefusedAsync("unsupported_grant_type");
            await node.Client.TokenAsync([("grant_type", "password"), ("username", "a"), ("password", "b"), .. client]).RefusedAsync("unauthorized_client");
            await node.Client.TokenAsync(("grant_type", "password"), ("client_id", "no-grants"), ("username", "a"), ("password", "b")).RefusedAsync("unauthorized_client");
        }
    }

    [Theory]
    [Case(48)]
    [InlineData("grant_type=client_credentials")]
    [InlineData("grant_type=password")]
    [InlineData("client_id=post")]
    [InlineData("client_id=demo")]
    [InlineData("client_secret=" + ClientsHost.Secret)]
    [InlineData("client_secret=")]
    [InlineData("scope=users:self&scope=users:self")]
    [InlineData("scope=&scope=")]
    [InlineData("unknown=1&unknown=2")]
    [InlineData("%67rant_type=client_credentials")]
    public async Task RepeatedParameter_IsAnInvalidRequest(string more)
    {
        foreach (var node in host.Nodes)
        {
            await node.Client.PostAsync("/connect/token", Form($"{RightForm}&{more}")).RefusedAsync("invalid_request");
            await node.Client.PostAsync("/connect/token", Form($"{more}&{RightForm}")).RefusedAsync("invalid_request");
        }
    }

    [Theory]
    [Case(57)]
    [InlineData("%FF")]
    [InlineData("%00")]
    [InlineData("%C3%28")]
    [InlineData("%ED%A0%80")]
    public async Task BytesThatAreNoText_AreAnInvalidRequest(string value)
    {
        foreach (var node in host.Nodes)
        {
            await node.Client.PostAsync("/connect/token", Form($"{RightForm}&scope={value}")).RefusedAsync("invalid_request");
            await node.Client.PostAsync("/connect/token", Form($"{RightForm}&{value}=a")).RefusedAsync("invalid_request");
        }
    }

    /// <summary>The error's text is ours, whatever the input holds; <see cref="Answers.RefusedAsync(Task{HttpResponseMessage}, string)"/> looks at each character.</summary>
    [Theory]
    [Case(57)]
    [InlineData("<script>alert(\"1\")</script>\\\r\nSet-Cookie: x=1")]
    [InlineData("é\u202e\U0001F648")]
    public async Task Input_IsNotEchoed(string value)
    {
        foreach (var node in host.Nodes)
        {
            var answers = new[]
            {
                await node.Client.TokenAsync([.. Right[1..], ("grant_type", value)]).RefusedAsync("unsupported_grant_type"),
                await node.Client.TokenAsync([.. Right, ("scope", value)]).RefusedAsync("invalid_scope"),
                await node.Client.TokenAsync(Grant, ("client_id", value), ("client_secret", value)).RefusedAsync(HttpStatusCode.Unauthorized, "invalid_client"),
                await node.Client.PasswordGrantAsync(value, value).RefusedAsync("invalid_grant"),
            };
            Assert.All(answers, answer => Assert.DoesNotContain(value[..3], answer.ToJsonString(), StringComparison.Ordinal));
        }
    }

    [Fact]
    [Case(57)]
    public async Task Token_IsNotStored()
    {
        foreach (var node in host.Nodes)
        {
            using var response = await node.Client.TokenAsync(Right);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal("no-store", response.Headers.CacheControl?.ToString());
        }
    }

    /// <summary>What buys something at another grant buys nothing at these; grants that are not there are not half there.</summary>
    [Theory]
    [Case(53)]
    [InlineData("refresh_token", "refresh_token", "invalid_grant")]
    [InlineData("authorization_code", "code", "invalid_grant")]
    [InlineData("urn:ietf:params:oauth:grant-type:device_code", "device_code")]
    [InlineData("urn:ietf:params:oauth:grant-type:token-exchange", "subject_token")]
    [InlineData("urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion")]
    public async Task AccessToken_IsNothingElse(string grantType, string parameter, string error = "unsupported_grant_type")
    {
        var token = await host.Client.AdminTokenAsync();
        foreach (var node in host.Nodes)
        {
            await node.Client.TokenAsync(("grant_type", grantType), ("client_id", "demo"), (parameter, token)).RefusedAsync(error);
            await node.Client.PasswordGrantAsync(HostFixture.AdminName, token).RefusedAsync("invalid_grant");
        }
        await host.Client.AdminTokenAsync();
    }

    [Fact]
    [Case(54)]
    public async Task TokenCutExtendedOrFlipped_IsInvalid()
    {
        var token = await host.Client.AdminTokenAsync();
        var parts = token.Split('.');
        var bad = new List<string> { token[..^1], token[..^10], token + "A", token + ".", "." + token, $"{parts[0]}.{parts[1]}.", $"{parts[0]}.{parts[1]}", $"{parts[1]}.{parts[0]}.{parts[2]}" };
        foreach (var part in Enumerable.Range(0, 3))
        {
            var bytes = System.Buffers.Text.Base64Url.DecodeFromChars(parts[part]);
            foreach (var at in new[] { 0, bytes.Length / 2, bytes.Length - 1 })
            {
                bytes[at] ^= 1;
                var changed = parts.ToArray();
                changed[part] = System.Buffers.Text.Base64Url.EncodeToString(bytes);
                bad.Add(string.Join('.', changed));
                bytes[at] ^= 1;
            }
        }
        foreach (var node in host.Nodes)
        {
            foreach (var each in bad)
            {
                using var response = await node.Client.GetAsync("/users/current", each);
                Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
                Assert.Contains("invalid_token", response.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
                Answers.Clean(await response.Content.ReadAsStringAsync());
            }
            using var right = await node.Client.GetAsync("/users/current", token);
            Assert.Equal(HttpStatusCode.OK, right.StatusCode);
        }
    }

    static StringContent Form(string text) => new(text, Encoding.UTF8, "application/x-www-form-urlencoded");
}
