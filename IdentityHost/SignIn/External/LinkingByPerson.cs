using IdentityHost.Protocol;
using IdentityHost.SignIn.Browser;
using IdentityHost.SignIn.Providers;

namespace IdentityHost.SignIn.External;

/// <summary>What came of asking to link or unlink.</summary>
internal enum LinkingAnswer
{
    /// <summary>Unlinked, or on the way to the provider.</summary>
    Done,

    /// <summary>The password that was asked for is wrong, or missing.</summary>
    WrongPassword,

    /// <summary>Too many wrong ones, or too much to do.</summary>
    Later,

    /// <summary>Nobody could sign in to the account any more.</summary>
    LastWay,

    /// <summary>There is no such provider here.</summary>
    NotConfigured,
}

/// <summary>
/// Linking and unlinking by the person themself. Either changes who gets in, so a browser that was left open is not enough: the sign-in must be
/// young, or the password is asked for again. It goes through the one door and begins a new session.
/// </summary>
internal sealed class LinkingByPerson(BrowserSignIn signIn, ExternalLinks links, GoogleSignIn google, TimeProvider clock)
{
    /// <summary>How young a sign-in proves who is there.</summary>
    static readonly TimeSpan Fresh = TimeSpan.FromMinutes(5);

    public bool IsFresh(BrowserPerson person) => clock.GetUtcNow() - person.AuthTime < Fresh;

    /// <summary>Answers with a redirect to the provider where it is <see cref="LinkingAnswer.Done"/>.</summary>
    public async Task<LinkingAnswer> BeginAsync(HttpContext context, BrowserPerson person, string? password)
    {
        if (!google.IsConfigured)
            return LinkingAnswer.NotConfigured;
        var (session, refusal) = await ProveAsync(context, person, password);
        if (refusal is { } reason)
            return reason;
        await GoogleSignIn.ChallengeToLinkAsync(context, person.UserId, session);
        return LinkingAnswer.Done;
    }

    public async Task<LinkingAnswer> UnlinkAsync(HttpContext context, BrowserPerson person, string? password)
    {
        // Who has no password cannot be asked for one, and cannot unlink either: they are told so.
        if (!await links.HasOtherWayAsync(person.UserId, context.RequestAborted))
            return LinkingAnswer.LastWay;
        if ((await ProveAsync(context, person, password)).Refusal is { } refusal)
            return refusal;
        return await links.UnlinkAsync(person, SessionOrigin.Of(context), context.RequestAborted) ? LinkingAnswer.Done : LinkingAnswer.LastWay;
    }

    /// <summary>The session that is signed in now, which is a new one where the password had to be proved.</summary>
    async Task<(Guid Session, LinkingAnswer? Refusal)> ProveAsync(HttpContext context, BrowserPerson person, string? password)
    {
        if (IsFresh(person))
            return (person.SessionId, null);
        if (string.IsNullOrEmpty(password))
            return (person.SessionId, LinkingAnswer.WrongPassword);
        var result = await signIn.WithPasswordAsync(context, person.Username, password, newPassword: null);
        // The name may have become somebody else's meanwhile.
        return result.Subject is { } subject && subject.Id == person.UserId ? (subject.SessionId, null)
            : (person.SessionId, result.Refusal is SubjectRefusal.TooManyAttempts or SubjectRefusal.Busy ? LinkingAnswer.Later : LinkingAnswer.WrongPassword);
    }
}
