using System.Net.Http.Json;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.SignIn;

/// <summary>Every way to try a password. All lead to one count.</summary>
static class Doors
{
    public static readonly IReadOnlyList<Func<HttpClient, string, string, Task<HttpResponseMessage>>> All =
    [
        (client, username, password) => client.PasswordGrantAsync(username, password),
        (client, username, password) => client.LoginAsync(username, password),
        (client, username, password) => client.PostAsJsonAsync("/auth/login", new { username, password }),
        (client, username, password) => client.PostAsJsonAsync("/user", new { email = username, password }),
    ];

    public static Task<HttpResponseMessage> LoginAsync(this HttpClient client, string username, string password) =>
        client.PostAsJsonAsync("/users/login", new { username, password });

    /// <summary>A request that came through a proxy from this address.</summary>
    public static Task<HttpResponseMessage> LoginFromAsync(this HttpClient client, string address, string username, string password)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/users/login") { Content = JsonContent.Create(new { username, password }) };
        request.Headers.TryAddWithoutValidation("X-Forwarded-For", address);
        return client.SendAsync(request);
    }
}
