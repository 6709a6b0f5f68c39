using IdentityHost.Data.Entities;
using IdentityHost.Protocol.Clients;

namespace IdentityHost.Protocol.Authorize;

/// <summary>What an authorization request needs next.</summary>
internal enum StepKind
{
    /// <summary>Somebody must sign in, or prove it again.</summary>
    SignIn,

    /// <summary>The person must be asked.</summary>
    Consent,

    /// <summary>All is there: a code.</summary>
    Code,

    /// <summary>It cannot be answered with one.</summary>
    Refuse,
}

/// <summary>The next step.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Person">Whoever is signed in.</param>
/// <param name="Error">Why not.</param>
/// <param name="HasAgreed">Whether the person has ever allowed the application anything.</param>
internal sealed record NextStep(StepKind Kind, BrowserSubject? Person = null, ProtocolError? Error = null, bool HasAgreed = false);

/// <summary>
/// Decides, from the request, the session and the consents as they are stored, what comes next. Sign-in and consent know nothing of one another
/// nor of what follows: each comes back here, however often.
/// </summary>
internal sealed class NextSteps(IBrowserSubjects browser, Consents consents)
{
    public async Task<NextStep> DecideAsync(HttpContext context, AuthorizationRequest request, Client client)
    {
        var prompts = request.Prompt?.Split(' ') ?? [];
        var silent = prompts.Contains(Prompts.None);
        var person = await browser.FindAsync(context);
        var given = person is null ? null : await consents.FindAsync(person.Subject.Id, client.ApplicationId, context.RequestAborted);

        if (person is null || !IsRightSignIn(request, prompts, person.Subject))
        {
            // Whoever signed in for this very request and is still not the one it names will not become them.
            var isAnother = person is not null && IsFresh(request, person.Subject) && request.HintedUserId != person.Subject.Id;
            return silent || isAnother
                ? new NextStep(StepKind.Refuse, person, ProtocolError.LoginRequired, given is not null)
                : new NextStep(StepKind.SignIn, person);
        }
        if (!HasConsent(request, prompts, client, given))
        {
            return silent
                ? new NextStep(StepKind.Refuse, person, ProtocolError.ConsentRequired, given is not null)
                : new NextStep(StepKind.Consent, person);
        }
        return new NextStep(StepKind.Code, person, HasAgreed: true);
    }

    /// <summary>By the right person, and recently enough. A sign-in that followed the request answers every wish for one.</summary>
    static bool IsRightSignIn(AuthorizationRequest request, string[] prompts, Subject subject)
    {
        if (request.HintedUserId is { } hinted && hinted != subject.Id)
            return false;
        if (IsFresh(request, subject))
            return true;
        return !prompts.Contains(Prompts.Login) && !prompts.Contains(Prompts.Create)
            && (request.MaxAge is not { } age || subject.AuthTime.AddSeconds(age) >= request.CreatedAt);
    }

    static bool IsFresh(AuthorizationRequest request, Subject subject) => subject.AuthTime >= request.CreatedAt;

    /// <summary>An answer to <c>consent</c>, and the choice of an account (the same page shows it), must have been given after the request.</summary>
    static bool HasConsent(AuthorizationRequest request, string[] prompts, Client client, GivenConsent? given)
    {
        if ((prompts.Contains(Prompts.Consent) || prompts.Contains(Prompts.SelectAccount)) && !(given?.GivenAt >= request.CreatedAt))
            return false;
        return client.Consent == ConsentTypes.Implicit || given?.Covers(ConsentScopes.Of(request, client)) == true;
    }
}
