using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text.Json.Nodes;
using IdentityHost.Tests.Protocol;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Races;

/// <summary>One answer of a race, held to what every answer must keep to: no 5xx, nothing of the inside told.</summary>
/// <param name="Node">Which node gave it.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Body">The body; empty where there was none.</param>
public sealed record RaceAnswer(int Node, int Status, JsonObject Body)
{
    public bool Granted => Status == 200;

    public string? AccessToken => Body["access_token"]?.GetValue<string>();

    public string? RefreshToken => Body["refresh_token"]?.GetValue<string>();

    /// <summary>The grant that an answer's tokens hang on.</summary>
    public Guid Grant => Guid.ParseExact(Answers.ClaimsOf(AccessToken!)["gid"]!.GetValue<string>(), "N");

    /// <summary>The generation that is written in a refresh token (after the prefix and the grant's 16 bytes).</summary>
    public int Generation => BinaryPrimitives.ReadInt32BigEndian(Base64Url.DecodeFromChars(RefreshToken.AsSpan("ih_rt_".Length)).AsSpan(16));

    /// <summary>Waits for the answer and reads it.</summary>
    public static async Task<RaceAnswer> OfAsync(int node, Task<HttpResponseMessage> request)
    {
        using var response = await request;
        var text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode < 500, $"Node {node}: {(int)response.StatusCode} {text}");
        if (!response.IsSuccessStatusCode)
            Answers.Clean(text);
        return new RaceAnswer(node, (int)response.StatusCode, text.Length == 0 ? [] : JsonNode.Parse(text)!.AsObject());
    }

    /// <summary>A sign-in that must succeed.</summary>
    public static async Task<RaceAnswer> SignInAsync(HostFixture host, string username, string password = BackChannel.Password)
    {
        var answer = await OfAsync(-1, host.Client.PasswordGrantAsync(username, password));
        Assert.True(answer.Granted, answer.Body.ToJsonString());
        return answer;
    }

    /// <summary>Presents a refresh token to one node.</summary>
    public static Task<RaceAnswer> RefreshAsync(HostFixture host, int node, string token) =>
        OfAsync(node, host.Nodes[node].Client.TokenAsync(("grant_type", "refresh_token"), ("client_id", "demo"), ("refresh_token", token)));
}
