using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.SignIn.Browser;
using IdentityHost.SignIn.External;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Npgsql;

namespace IdentityHost.SignIn.Providers;

/// <summary>Somebody has come back from Google, and is who Google says: signs them in, links, asks or refuses, and says where to go next.</summary>
internal sealed class GoogleArrival(
    ExternalSignIn external,
    ExternalLinks links,
    ExternalArrival arrival,
    PendingLinks pending,
    PictureFetches pictures,
    NpgsqlDataSource database,
    IOptions<GoogleOptions> options)
{
    const string LinkPage = "/sign-in/link";

    /// <summary>The path to go to.</summary>
    public async Task<string> CompleteAsync(HttpContext context, AuthenticationProperties properties, ExternalIdentity identity)
    {
        var origin = SessionOrigin.Of(context);
        var aborted = context.RequestAborted;
        if (options.Value.HostedDomains is { Length: > 0 } domains && !domains.Contains(identity.HostedDomain, StringComparer.OrdinalIgnoreCase))
        {
            await TellRefusedAsync(origin, ExternalProblems.Domain);
            return GoogleEvents.Problem(properties, ExternalProblems.Domain);
        }
        if (GoogleSignIn.IsLink(properties))
        {
            var person = await BrowserSignIn.PersonAsync(context);
            if (!GoogleSignIn.IsAskedBy(properties, person))
            {
                await TellRefusedAsync(origin, ExternalProblems.Session);
                return GoogleEvents.Problem(properties, ExternalProblems.Session);
            }
            if (await links.LinkAsync(person!, identity, origin, aborted) is { } taken)
            {
                await TellRefusedAsync(origin, taken, person!.UserId);
                return GoogleEvents.Problem(properties, taken);
            }
            pictures.Queue(person!.UserId, identity);
            return "/account";
        }

        var returnTo = GoogleSignIn.ReturnToOf(properties);
        var outcome = await external.RunAsync(identity, origin, aborted);
        if (outcome.AskUserId is { } account)
        {
            pending.Keep(context, identity, account, returnTo);
            return LinkPage;
        }
        if (outcome.Subject is not { } subject)
            return GoogleEvents.Problem(properties, outcome.Problem!);
        if (outcome.Linked)
            pictures.Queue(subject.Id, identity);
        return await arrival.CompleteAsync(context, subject, returnTo);
    }

    async Task TellRefusedAsync(SessionOrigin origin, string reason, long? user = null)
    {
        var batch = new WriteBatch();
        batch.AddAudit(new AuditEvent
        {
            Kind = AuditKinds.ExternalRefused,
            ActorId = user,
            SubjectId = user,
            ClientId = origin.ClientId,
            Address = origin.Address,
            Detail = reason,
        });
        await batch.ExecuteAsync(database, CancellationToken.None);
    }
}
