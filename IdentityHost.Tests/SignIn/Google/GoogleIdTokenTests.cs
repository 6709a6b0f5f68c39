using System.Buffers.Text;
using System.Text;
using System.Text.Json.Nodes;
using FakeGoogle;
using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.SignIn.Google;

/// <summary>Only a token that Google signed, for us, for this sign-in and now, says who somebody is.</summary>
[Collection(SharedGoogle.Name)]
public sealed class GoogleIdTokenTests(GoogleHost host)
{
    public static TheoryData<string> Bad => [.. Spoilt.Keys];

    static readonly Dictionary<string, Func<Person, Person>> Spoilt = new(StringComparer.Ordinal)
    {
        ["no nonce"] = Claims(c => c.Remove("nonce")),
        ["other nonce"] = Claims(c => c["nonce"] = "another-nonce-of-another-sign-in-0123456789"),
        ["nonce as number"] = Claims(c => c["nonce"] = 1),
        ["other audience"] = Claims(c => c["aud"] = "another.apps.googleusercontent.com"),
        ["two audiences"] = Claims(c => c["aud"] = new JsonArray(GoogleServer.ClientId, "another.apps.googleusercontent.com")),
        ["no audience"] = Claims(c => c.Remove("aud")),
        ["other party"] = Claims(c => c["azp"] = "another.apps.googleusercontent.com"),
        ["other issuer"] = Claims(c => c["iss"] = "https://accounts.google.com.example"),
        ["Google's issuer, which is not the configured one"] = Claims(c => c["iss"] = "accounts.google.com"),
        ["no issuer"] = Claims(c => c.Remove("iss")),
        ["expired"] = Claims(c => c["exp"] = DateTimeOffset.UtcNow.AddMinutes(-2).ToUnixTimeSeconds()),
        ["no expiry"] = Claims(c => c.Remove("exp")),
        ["expiry as text"] = Claims(c => c["exp"] = "4102444800"),
        ["for ten years"] = Claims(c => c["exp"] = DateTimeOffset.UtcNow.AddYears(10).ToUnixTimeSeconds()),
        ["from the future"] = Claims(c => c["iat"] = DateTimeOffset.UtcNow.AddMinutes(10).ToUnixTimeSeconds()),
        ["no subject"] = Claims(c => c.Remove("sub")),
        ["empty subject"] = Claims(c => c["sub"] = ""),
        ["subject with a space"] = Claims(c => c["sub"] = "1 2"),
        ["alg none"] = p => p with { Header = h => h["alg"] = "none", Token = t => t[..(t.LastIndexOf('.') + 1)] },
        ["alg none with a signature"] = p => p with { Header = h => h["alg"] = "none" },
        ["alg HS256"] = p => p with { Header = h => h["alg"] = "HS256" },
        ["alg ES256"] = p => p with { Header = h => h["alg"] = "ES256" },
        ["unknown kid"] = p => p with { Header = h => h["kid"] = "nobody" },
        ["no kid"] = p => p with { Header = h => h.Remove("kid") },
        ["crit"] = p => p with { Header = h => h["crit"] = new JsonArray("exp") },
        ["other type"] = p => p with { Header = h => h["typ"] = "at+jwt" },
        ["changed after signing"] = p => p with { Token = ChangeSubject },
        ["other signature"] = p => p with { Token = t => t[..^8] + "AAAAAAAA" },
        ["no signature"] = p => p with { Token = t => t[..(t.LastIndexOf('.') + 1)] },
        ["two parts"] = p => p with { Token = t => t[..t.LastIndexOf('.')] },
        ["a member twice"] = p => p with { Token = t => Replace(t, json => json.Insert(1, "\"sub\":\"1\",")) },
        ["nonsense"] = p => p with { Token = _ => "nonsense" },
        ["no token at all"] = p => p with { Fault = Fault.NoIdToken },
    };

    [Theory]
    [Case(156)]
    [MemberData(nameof(Bad))]
    public async Task Token_that_is_not_exactly_right_signs_nobody_in(string how)
    {
        var person = host.NewPerson(Spoilt[how]);
        var location = await host.SignInAsync(new Tab(host), person);
        Assert.StartsWith("/sign-in?problem=google_failed", location, StringComparison.Ordinal);
        Assert.Equal((0L, 0L), (await host.LinkedToAsync(person), await host.UserOfAsync(person.Email!)));
    }

    [Fact]
    [Case(156)]
    public async Task Unspoilt_token_signs_in() => Assert.Equal("/account", await host.SignInAsync(new Tab(host), host.NewPerson()));

    [Fact]
    public async Task Userinfo_gives_a_name_and_nothing_that_decides()
    {
        var person = host.NewPerson(p => p with { ShortToken = true, EmailVerified = null });
        Assert.Equal("/account", await host.SignInAsync(new Tab(host), person));
        var id = await host.LinkedToAsync(person);
        Assert.Equal(
            ("Budi Santoso", person.Email, false),
            (await host.ScalarAsync<string>("SELECT name FROM users WHERE id = $1", id), await host.ScalarAsync<string>("SELECT email FROM users WHERE id = $1", id),
                await host.ScalarAsync<bool>("SELECT email_confirmed FROM users WHERE id = $1", id)));
    }

    static Func<Person, Person> Claims(Action<JsonObject> change) => person => person with { Claims = change };

    static string ChangeSubject(string token) => Replace(token, json => json.Replace("\"sub\":\"", "\"sub\":\"9", StringComparison.Ordinal));

    static string Replace(string token, Func<string, string> change)
    {
        var parts = token.Split('.');
        var payload = change(Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[1])));
        return $"{parts[0]}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload))}.{parts[2]}";
    }
}
