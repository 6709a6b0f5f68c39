using System.CommandLine;
using System.Globalization;
using IdentityHost.Data.KeyRing;
using IdentityHost.Protocol.Keys;
using Microsoft.Extensions.Options;

namespace IdentityHost.Verbs;

/// <summary>
/// <c>keys list</c>, <c>keys rotate</c> and <c>keys revoke</c>: the signing keys, changed in the database while nodes run. The nodes follow within
/// two seconds. No secret is ever printed.
/// </summary>
internal static class KeysVerbs
{
    public static Command Create()
    {
        var now = new Option<bool>("--now") { Description = "Let it sign in a few seconds, although resource servers may not know it yet." };
        var yes = new Option<bool>("--yes") { Description = "Do not ask." };
        var kid = new Argument<string?>("KID") { Description = "The key, as `keys list` names it.", Arity = ArgumentArity.ZeroOrOne };

        var list = new Command("list", "Shows every signing key and its stage.");
        Run(list, (_, settings, stop) => VerbHost.RunAsync(settings, ListAsync, stop));
        var rotate = new Command("rotate", "Announces a successor of each signing key.") { now };
        Run(rotate, (parsed, settings, stop) => VerbHost.RunAsync(settings, (app, token) => RotateAsync(app, parsed.GetValue(now), token), stop));
        var revoke = new Command("revoke", "Takes a key away at once: every token that it signed is refused.") { kid, yes };
        Run(revoke, (parsed, settings, stop) =>
        {
            // What the parser takes for the argument may be a setting that stands before it.
            List<string> words = [.. parsed.GetValue(kid) is { } word ? [word] : Array.Empty<string>(), .. settings];
            var index = words.FindIndex(w => !w.StartsWith('-'));
            if (index < 0)
                return VerbHost.SayErrorAsync("Name the key: keys revoke KID. `keys list` shows them.");
            var name = words[index];
            words.RemoveAt(index);
            return VerbHost.RunAsync([.. words], (app, token) => RevokeAsync(app, name, parsed.GetValue(yes), token), stop);
        });
        return new Command("keys", "Lists, rotates and revokes the signing keys.") { list, rotate, revoke };
    }

    static void Run(Command verb, Func<ParseResult, string[], CancellationToken, Task<int>> action)
    {
        verb.TreatUnmatchedTokensAsErrors = false;
        verb.SetAction((parsed, stop) => CommandLine.GuardAsync(() => action(parsed, [.. parsed.UnmatchedTokens], stop), stop));
    }

    static async Task<int> ListAsync(WebApplication app, CancellationToken stop)
    {
        const string Columns = "{0,-43}  {1,-5}  {2,-9}  {3,-20}  {4,-20}  {5}";
        Say(Columns, "KID", "ALG", "STAGE", "SIGNS FROM", "UNTIL", "VERIFIES UNTIL");
        foreach (var key in await app.Services.GetRequiredService<KeyRotation>().ListAsync(stop))
            Say(Columns, key.Kid, key.Algorithm, Name(key.Stage), Time(key.ActivatesAt), Time(key.RetiresAt), Time(key.ExpiresAt));
        return 0;
    }

    static async Task<int> RotateAsync(WebApplication app, bool atOnce, CancellationToken stop)
    {
        await CheckRingAsync(app, stop);
        var next = await app.Services.GetRequiredService<KeyRotation>().RotateAsync(atOnce, stop);
        if (next.Count == 0)
            return await VerbHost.SayErrorAsync("There is no signing key to rotate: start the host, it makes the first.");
        foreach (var key in next)
            Say("{0}: {1} is published and signs from {2}.", key.Algorithm, key.Kid, Time(key.ActivatesAt));
        if (atOnce)
        {
            await Console.Error.WriteLineAsync(
                $"Warning: resource servers that keep the JWKS refuse tokens of the new key until they fetch it again, which may take {CacheTime(app)}.");
        }
        return 0;
    }

    static async Task<int> RevokeAsync(WebApplication app, string kid, bool sure, CancellationToken stop)
    {
        if (!sure)
        {
            if (Console.IsInputRedirected)
                return await VerbHost.SayErrorAsync($"Every token that {kid} signed would be refused at once. Add --yes if that is meant.");
            await Console.Out.WriteAsync($"Every token that {kid} signed will be refused at once. Type yes to go on: ");
            if (Console.ReadLine()?.Trim() is not "yes")
                return await VerbHost.SayErrorAsync("Nothing was changed.");
        }
        await CheckRingAsync(app, stop);
        if (await app.Services.GetRequiredService<KeyRotation>().RevokeAsync(kid, stop) is not { } done)
            return await VerbHost.SayErrorAsync($"There is no key {kid}. `keys list` shows them.");
        Say("{0} ({1}) is revoked: within two seconds no node accepts a token that it signed.", done.Revoked.Kid, Name(done.Revoked.Stage));
        if (done.Successor is not null)
            Say("{0} signs from now on.", done.Successor);
        Say("Resource servers that keep the JWKS go on with the one they have until they fetch it again, which may take {0}.", CacheTime(app));
        return 0;
    }

    /// <summary>With another key file than the nodes', the new signing key would be one that they cannot open.</summary>
    static Task CheckRingAsync(WebApplication app, CancellationToken stop) => ActivatorUtilities.CreateInstance<FirstRingKey>(app.Services).RunAsync(stop);

    static string CacheTime(WebApplication app) =>
        app.Services.GetRequiredService<IOptions<KeysOptions>>().Value.JwksCacheTime.ToString("c", CultureInfo.InvariantCulture);

    static string Name(KeyStage stage) => stage switch
    {
        KeyStage.Announced => "announced",
        KeyStage.Signing => "signing",
        KeyStage.Retired => "retired",
        _ => "gone",
    };

    static string Time(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "-";

    static void Say(string format, params ReadOnlySpan<object?> values) => Console.Out.WriteLine(string.Format(CultureInfo.InvariantCulture, format, values));
}
