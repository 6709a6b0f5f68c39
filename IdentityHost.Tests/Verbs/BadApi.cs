using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using IdentityHost.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace IdentityHost.Tests.Verbs;

/// <summary>What may be wrong with an API. Each is a mistake that somebody has made.</summary>
public enum ApiFault
{
    None,
    NeedsNoToken,
    IgnoresExpiry,
    ExpiryIsOptional,
    IgnoresNotBefore,
    IgnoresAudience,
    ComparesTheBeginningOfAudience,
    AudienceIsOptional,
    IgnoresIssuer,
    ComparesTheBeginningOfIssuer,
    SubjectIsOptional,
    IgnoresScope,
    IgnoresConfirmation,
    IgnoresType,
    IgnoresCritical,
    TakesAlgorithmNone,
    TakesAlgorithmNoneInAnyCase,
    TakesPublicKeyForSecret,
    IgnoresSignature,
    TakesEmptySignature,
    TrustsEmbeddedKey,
    ReadsQuery,
    IgnoresRevocation,
    KeepsKeysForever,
    FallsOver,
}

/// <summary>An API written by hand, as one should not: every check stands by itself and can be left out.</summary>
sealed class BadApi(WebApplication app, HostFixture host) : IAsyncDisposable
{
    const string Revoked =
        """
        SELECT EXISTS (SELECT FROM revocations WHERE (kind = 0 AND key = $1) OR (kind = 1 AND key = $2) OR (kind = 2 AND key = $3)
            OR (kind = 3 AND key = $4 AND epoch > $5) OR (kind = 6 AND key = $6))
        """;

    readonly Dictionary<string, JsonObject> _keys = [];

    public Uri Address => new(new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()), "/orders");

    public static async Task<BadApi> StartAsync(ApiFault fault, HostFixture host)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0));
        var app = builder.Build();
        var api = new BadApi(app, host);
        app.MapGet("/orders", async http => http.Response.StatusCode = await api.JudgeAsync(http, fault));
        await app.StartAsync();
        return api;
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
    }

    async Task<int> JudgeAsync(HttpContext http, ApiFault fault)
    {
        var token = http.Request.Headers.Authorization.ToString() is { Length: > 7 } header ? header[7..] : null;
        if (fault == ApiFault.ReadsQuery)
            token ??= http.Request.Query["access_token"];
        if (token is null)
            return fault == ApiFault.NeedsNoToken ? 200 : 401;
        try
        {
            return await IsGoodAsync(token, fault) ? 200 : 401;
        }
        catch (Exception e) when (e is FormatException or CryptographicException or InvalidOperationException)
        {
            return fault == ApiFault.FallsOver ? 500 : 401;
        }
    }

    async Task<bool> IsGoodAsync(string token, ApiFault fault)
    {
        var parts = token.Split('.');
        var (header, claims) = (Json(parts[0]), Json(parts[1]));
        if (fault != ApiFault.IgnoresType && header["typ"]?.GetValue<string>() != "at+jwt")
            return fault == ApiFault.FallsOver ? throw new FormatException("typ") : false;
        if (fault != ApiFault.IgnoresCritical && header.ContainsKey("crit"))
            return false;
        var signed = await IsSignedAsync(header, parts, fault);
        if (!signed)
            return false;
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var (expires, audience, name) = (claims["exp"]?.GetValue<long>(), claims["aud"]?.GetValue<string>(), claims["iss"]!.GetValue<string>());
        return (expires is { } end ? end > now || fault == ApiFault.IgnoresExpiry : fault == ApiFault.ExpiryIsOptional)
            && (claims["nbf"] is not { } begin || begin.GetValue<long>() <= now || fault == ApiFault.IgnoresNotBefore)
            && Names(audience, HostFixture.Issuer, fault == ApiFault.IgnoresAudience, fault == ApiFault.ComparesTheBeginningOfAudience, fault == ApiFault.AudienceIsOptional)
            && Names(name, HostFixture.Issuer, fault == ApiFault.IgnoresIssuer, fault == ApiFault.ComparesTheBeginningOfIssuer, optional: false)
            && (claims.ContainsKey("sub") || fault == ApiFault.SubjectIsOptional)
            && (claims["scope"]!.GetValue<string>().Split(' ').Contains("users:self") || fault == ApiFault.IgnoresScope)
            && (!claims.ContainsKey("cnf") || fault == ApiFault.IgnoresConfirmation)
            && (fault == ApiFault.IgnoresRevocation || !await IsRevokedAsync(claims, fault == ApiFault.KeepsKeysForever ? "" : header["kid"]!.GetValue<string>()));
    }

    static bool Names(string? value, string expected, bool ignored, bool beginning, bool optional) =>
        value is null ? optional : value == expected || ignored || (beginning && value.StartsWith(expected, StringComparison.Ordinal));

    async Task<bool> IsSignedAsync(JsonObject header, string[] parts, ApiFault fault)
    {
        var algorithm = header["alg"]!.GetValue<string>();
        var (data, signature) = (Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]));
        if (algorithm == "none" && fault == ApiFault.TakesAlgorithmNone)
            return true;
        if (algorithm.Equals("none", StringComparison.OrdinalIgnoreCase))
            return algorithm != "none" && fault == ApiFault.TakesAlgorithmNoneInAnyCase;
        if (signature.Length == 0)
            return fault == ApiFault.TakesEmptySignature;
        var jwk = fault == ApiFault.TrustsEmbeddedKey && header["jwk"] is JsonObject own ? own : await KeyAsync(header["kid"]!.GetValue<string>(), fault);
        if (jwk is null)
            return false;
        using var key = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = Base64Url.DecodeFromChars(jwk["x"]!.GetValue<string>()), Y = Base64Url.DecodeFromChars(jwk["y"]!.GetValue<string>()) },
        });
        if (algorithm == "HS256")
            return fault == ApiFault.TakesPublicKeyForSecret
                && signature.AsSpan().SequenceEqual(HMACSHA256.HashData(Encoding.ASCII.GetBytes(key.ExportSubjectPublicKeyInfoPem()), data));
        return fault == ApiFault.IgnoresSignature || key.VerifyData(data, signature, HashAlgorithmName.SHA256);
    }

    async Task<JsonObject?> KeyAsync(string kid, ApiFault fault)
    {
        if (fault != ApiFault.KeepsKeysForever)
            _keys.Clear();
        else if (_keys.TryGetValue(kid, out var kept))
            return kept;
        using var answer = await host.Nodes[0].Client.GetAsync("/.well-known/jwks");
        foreach (var jwk in (await answer.JsonAsync())["keys"]!.AsArray().Select(k => k!.AsObject()))
            _keys[jwk["kid"]!.GetValue<string>()] = jwk;
        return _keys.GetValueOrDefault(kid);
    }

    Task<bool> IsRevokedAsync(JsonObject claims, string kid)
    {
        return host.ScalarAsync<bool>(Revoked, Text("jti"), Text("gid"), Text("sid"), Text("sub"), claims["uep"]!.GetValue<int>(), kid);

        string Text(string name) => claims[name]?.GetValue<string>() ?? "";
    }

    static JsonObject Json(string part) => JsonNode.Parse(Base64Url.DecodeFromChars(part))!.AsObject();
}
