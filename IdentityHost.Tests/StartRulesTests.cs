using IdentityHost.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace IdentityHost.Tests;

/// <summary>A start outside Development that cannot be right is refused before the database is asked, and the message names the key, the value and the fix.</summary>
public sealed class StartRulesTests
{
    const string Secret = "0123456789abcdef0123456789abcdef";

    static readonly Dictionary<string, string?> Sound = new()
    {
        ["Issuer"] = "https://id.example.com",
        // Nothing listens there: a start that gets so far waits.
        ["ConnectionStrings:Postgres"] = "Host=127.0.0.1;Port=1;Username=nobody;Timeout=1",
        ["DataProtection:AllowUnwrapped"] = "true",
        ["Applications:0:ClientId"] = "svc",
        ["Applications:0:ClientSecret"] = Secret,
        ["Applications:0:GrantTypes:0"] = "client_credentials",
        ["Applications:0:Scopes:0"] = "users:manage",
    };

    [Theory]
    [InlineData("Issuer", "http://id.example.com", "Issuer", "http://id.example.com", "https://id.example.com")]
    [InlineData("Issuer", "", "Issuer", "not set", "Issuer=https://id.example.com")]
    [InlineData("Issuer", "https://id.example.com/", "Issuer", "slash", "https://id.example.com.")]
    [InlineData("DataProtection:AllowUnwrapped", "false", "DataProtection:KeyFile", "openssl rand -base64 32", "DataProtection:Certificate")]
    [InlineData("DataProtection:KeyFile", "/nowhere/ring.key", "DataProtection:KeyFile", "/nowhere/ring.key", "openssl rand -base64 32")]
    [InlineData("ConnectionStrings:Postgres", "Host=a;Colour=blue;Password=canary", "ConnectionStrings:Postgres", "cannot be read", "Host=…")]
    [InlineData("Applications:0:ClientSecret", "0123456789abcdef0123456789abcde", "ClientSecret", "'svc'", "openssl rand -base64 32")]
    [InlineData("Applications:0:GrantTypes:0", "implicit", "GrantTypes", "'implicit'", "use authorization_code, client_credentials")]
    [InlineData("Applications:0:Scopes:0", "cats:feed", "scope", "'cats:feed'", "Scopes")]
    [InlineData("Applications:0:ClientId", "12345", "ClientId", "'12345'", "must not be all digits")]
    [InlineData("Applications:0:ClientId", "a b", "ClientId", "'a b'", "letters, digits")]
    [InlineData("Applications:1:ClientId", "svc", "Applications", "'svc'", "twice")]
    [InlineData("Applications:0:ClientId", "identityhost", "Applications", "'identityhost'", "twice")]
    [InlineData("Applications:0:TokenEndpointAuthMethod", "private", "TokenEndpointAuthMethod", "'private'", "client_secret_basic")]
    [InlineData("Applications:0:TokenEndpointAuthMethod", "none", "TokenEndpointAuthMethod", "'svc'", "ClientSecret")]
    [InlineData("Applications:0:TokenEndpointAuthMethod", "private_key_jwt", "TokenEndpointAuthMethod", "'svc'", "Jwks or JwksUri")]
    [InlineData("Applications:0:JwksUri", "https://svc.example.com/jwks", "JwksUri", "'svc'", "private_key_jwt")]
    [InlineData("Applications:0:RefreshRotation", "sometimes", "RefreshRotation", "'sometimes'", "rolling or none")]
    [InlineData("Tokens:RefreshGrace", "15.00:00:00", "Tokens:RefreshGrace", "15.00:00:00", "shorter than Tokens:RefreshIdleLifetime")]
    [InlineData("Tokens:MaximumGrants", "0", "Tokens:MaximumGrants", "from 1 to 10000", "default")]
    [InlineData("Tokens:MaximumGrants", "10001", "Tokens:MaximumGrants", "10001", "default")]
    [InlineData("Tokens:AccessTokenLifetime", "00:00:05", "Tokens:AccessTokenLifetime", "00:00:05", "01:00:00")]
    [InlineData("Tokens:AccessTokenLifetime", "01:00:01", "Tokens:AccessTokenLifetime", "01:00:01", "00:10:00 is the default")]
    [InlineData("Tokens:AccessTokenLifetime", "10", "Tokens:AccessTokenLifetime", "10.00:00:00", "days")]
    [InlineData("Tokens:AccessTokenLifetime", "soon", "Tokens:AccessTokenLifetime", "soon", "TimeSpan")]
    [InlineData("Tokens:RefreshAbsoluteLifetime", "00:05:00", "Tokens:RefreshAbsoluteLifetime", "00:05:00", "default")]
    [InlineData("Tokens:AccessTokenAlgorithm", "HS256", "Tokens:AccessTokenAlgorithm", "'HS256'", "ES256 or RS256")]
    [InlineData("Tokens:AccessTokenAlgorithm", "none", "Tokens:AccessTokenAlgorithm", "'none'", "ES256 or RS256")]
    [InlineData("Keys:Announce", "00:09:59", "Keys:Announce", "00:09:59", "at least 00:10:00", "00:30:00 is the default")]
    [InlineData("Keys:JwksCacheTime", "00:15:01", "Keys:Announce", "00:30:00", "at least 00:30:02", "Keys:JwksCacheTime")]
    [InlineData("Keys:JwksCacheTime", "00:00:04", "Keys:JwksCacheTime", "00:00:04", "from 00:00:05 to 1.00:00:00")]
    [InlineData("Keys:JwksCacheTime", "300", "Keys:JwksCacheTime", "300.00:00:00", "days")]
    [InlineData("Keys:Lifetime", "00:59:59", "Keys:Lifetime", "00:59:59", "from 01:00:00", "90.00:00:00 is the default")]
    [InlineData("Keys:Lifetime", "never", "Keys:Lifetime", "never", "TimeSpan")]
    [InlineData("Registration:InitialAccessToken", "0123456789abcdef0123456789abcdef short", "Registration:InitialAccessToken", "at least 32", "openssl rand -base64 32")]
    [InlineData("RateLimits:ClientRegistration:Permits", "1", "RateLimits:ClientRegistration:Permits", "is 1", "at least 2")]
    [InlineData("RateLimits:SignIn:Failures", "0", "RateLimits:SignIn:Failures", "is 0", "5 is the default")]
    [InlineData("RateLimits:SignIn:Forget", "00:01:00", "RateLimits:SignIn:Forget", "00:01:00", "from 00:15:00")]
    [InlineData("RateLimits:Client:Failures", "1", "RateLimits:Client:Failures", "is 1", "20 is the default")]
    [InlineData("RateLimits:Client:Window", "30", "RateLimits:Client:Window", "30.00:00:00", "a bare number means days")]
    [InlineData("RateLimits:Address:Block", "00:00:00", "RateLimits:Address:Block", "is 00:00:00", "00:01:00 is the default")]
    [InlineData("RateLimits:Address:LongestBlock", "00:00:30", "RateLimits:Address:LongestBlock", "00:00:30", "from 00:01:00")]
    [InlineData("Branding:AccentColor", "teal", "Branding:AccentColor", "\"teal\"", "#0b6e5f")]
    [InlineData("Branding:AccentColor", "#12345", "Branding:AccentColor", "six hexadecimal digits")]
    [InlineData("Branding:AccentColor", "#+12345", "Branding:AccentColor", "six hexadecimal digits")]
    [InlineData("Branding:ProductName", "A name that is much longer than any header of a page", "Branding:ProductName", "at most 40")]
    [InlineData("Branding:ProductName", "two\nlines", "Branding:ProductName", "one line")]
    [InlineData("Branding:Logo", "../logo.svg", "Branding:Logo", "not below", "branding/logo.svg")]
    [InlineData("Branding:Logo", "/etc/hostname", "Branding:Logo", "not below")]
    [InlineData("Branding:Logo", "wwwroot/none.svg", "Branding:Logo", "no such file")]
    [InlineData("Branding:Logo", "appsettings.json", "Branding:Logo", "neither PNG, JPEG nor SVG")]
    [InlineData("RateLimits:Registration:Permits", "1", "RateLimits:Registration:Permits", "is 1", "20 is the default")]
    [InlineData("RateLimits:Mail:Window", "15", "RateLimits:Mail:Window", "15.00:00:00", "a bare number means days")]
    [InlineData("Passwords:Iterations", "1", "Passwords:Iterations", "1", "210000")]
    [InlineData("Users:RequireConfirmedEmail", "true", "Users:RequireConfirmedEmail", "Mail:Smtp:Host")]
    [InlineData("Mail:Smtp:Host", "smtp.example.com", "Mail:Smtp:From", "''", "id@example.com")]
    public async Task A_bad_value_is_refused(string key, string value, params string[] said)
    {
        var refused = await RefusedAsync(new(Sound) { [key] = value });
        if (refused is AggregateException several)
            refused = several.InnerExceptions[0];
        Assert.True(refused is InvalidOperationException or OptionsValidationException, refused.ToString());
        Assert.All(said, word => Assert.Contains(word, refused.Message, StringComparison.Ordinal));
        // A secret is never shown, not even a bad one.
        Assert.DoesNotContain("0123456789abcdef", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_sound_gets_as_far_as_the_database()
    {
        await using var app = Build(new(Sound));
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => app.StartAsync(soon.Token));
    }

    [Fact]
    public async Task In_Development_a_short_secret_and_http_are_allowed()
    {
        await using var app = Build(
            new(Sound) { ["Issuer"] = "http://localhost:5000", ["Applications:0:ClientSecret"] = "short", ["DataProtection:AllowUnwrapped"] = "false" }, "Development");
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => app.StartAsync(soon.Token));
    }

    static async Task<Exception> RefusedAsync(Dictionary<string, string?> settings)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        var refused = await Record.ExceptionAsync(async () =>
        {
            await using var app = Build(settings);
            await app.StartAsync(patience.Token);
        });
        Assert.NotNull(refused);
        return refused;
    }

    static WebApplication Build(Dictionary<string, string?> settings, string environment = "Production")
    {
        string[] args = [$"--environment={environment}", "--urls=http://127.0.0.1:0", $"--contentRoot={Repository.Root}"];
        var builder = Program.CreateBuilder(args);
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(settings);
        return Program.Build(builder);
    }
}
