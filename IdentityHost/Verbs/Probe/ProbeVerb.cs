using System.CommandLine;

namespace IdentityHost.Verbs.Probe;

/// <summary>
/// <c>probe URL</c>: a conformance kit for resource servers. Mints tokens that no API may accept, fires them at one, and prints what it accepted all
/// the same. Exit code 0: nothing; 2: something; 1: it could not be tried.
/// </summary>
internal static class ProbeVerb
{
    public const string Name = "probe";

    const int Faulty = 2;

    public static Command Create()
    {
        var url = new Argument<string?>("URL") { Description = "What to GET, e.g. http://localhost:5200/orders.", Arity = ArgumentArity.ZeroOrOne };
        var audience = new Option<string?>("--audience") { Description = "How tokens name the API (aud). Default: the issuer's own." };
        var scope = new Option<string?>("--scope") { Description = "The scope that the URL wants. Default: users:self." };
        var verb = new Command(Name, "Sends an API tokens that it must refuse, and tells which of them it accepted.") { url, audience, scope };
        verb.TreatUnmatchedTokensAsErrors = false;
        verb.SetAction((parsed, stop) =>
        {
            // What the parser takes for the argument may be a setting that stands before it.
            List<string> words = [.. parsed.GetValue(url) is { } word ? [word] : Array.Empty<string>(), .. parsed.UnmatchedTokens];
            var index = words.FindIndex(w => !w.StartsWith('-'));
            if (index < 0)
                return VerbHost.SayErrorAsync("Name the address to try: probe http://localhost:5200/orders");
            var address = words[index];
            words.RemoveAt(index);
            return CommandLine.GuardAsync(
                () => VerbHost.RunAsync([.. words], (app, token) => ProbeAsync(app, address, parsed.GetValue(audience), parsed.GetValue(scope), token), stop),
                stop);
        });
        return verb;
    }

    static async Task<int> ProbeAsync(WebApplication app, string address, string? audience, string? scope, CancellationToken stop)
    {
        if (ProbeTarget.Fault(address, app.Configuration) is { } fault)
            return await VerbHost.SayErrorAsync(fault);
        using var target = new ProbeTarget(new Uri(address));
        var run = new ProbeRun(
            app.Services, target, audience ?? app.Services.GetRequiredService<Issuer>().Value, scope ?? Protocol.Tokens.ScopeCatalog.UsersSelf);
        Say("", "ANSWER", "A TOKEN", "WRITTEN IN");
        var (tried, faults) = (0, 0);
        ProbeFinding? last = null;
        await foreach (var finding in run.RunAsync(stop))
        {
            Say(finding.Fault ? "FAULT" : "ok", finding.Answer.ToString(), finding.Name, finding.Rule);
            (tried, faults, last) = (tried + 1, faults + (finding.Fault ? 1 : 0), finding);
        }
        if (tried == 1)
            return await VerbHost.SayErrorAsync(
                $"A good token was answered {last!.Answer}, so nothing else was tried. Does {address} exist, and are --audience and --scope what it wants?");
        await Console.Out.WriteLineAsync(faults == 0 ? $"{tried} tried, none accepted that must be refused." : $"{tried} tried, {faults} faults.");
        return faults == 0 ? 0 : Faulty;
    }

    static void Say(string verdict, string answer, string name, string rule) =>
        Console.Out.WriteLine($"{verdict,-6}  {answer,-9}  {name,-40}  {rule}");
}
