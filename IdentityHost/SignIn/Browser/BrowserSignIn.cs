using IdentityHost.Data;
using IdentityHost.Protocol;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Endpoints;
using IdentityHost.Protocol.Grants;
using Microsoft.AspNetCore.Authentication;
using Npgsql;

namespace IdentityHost.SignIn.Browser;

/// <summary>Signs people in and out of this host's pages: the same door, limits and sessions as every other way in.</summary>
internal sealed class BrowserSignIn(ISubjects subjects, Sessions sessions, BrowserSessions browserSessions, NpgsqlDataSource database)
{
    /// <summary>Proves a password, begins a session and gives the browser its cookie.</summary>
    /// <param name="context">The request; see <see cref="BeginAsync"/> for a session it already has.</param>
    /// <param name="identifier">Username or e-mail, as typed.</param>
    /// <param name="password">As typed.</param>
    /// <param name="newPassword">The password to change to, where the old one must be changed.</param>
    /// <returns>Null when signed in.</returns>
    public Task<SubjectResult> WithPasswordAsync(HttpContext context, string identifier, string password, string? newPassword) =>
        WithPasswordAsync(context, identifier, password, newPassword, static (_, _) => { });

    /// <inheritdoc cref="WithPasswordAsync(HttpContext, string, string, string?)"/>
    /// <param name="context">The request; see <see cref="BeginAsync"/> for a session it already has.</param>
    /// <param name="identifier">Username or e-mail, as typed.</param>
    /// <param name="password">As typed.</param>
    /// <param name="newPassword">The password to change to, where the old one must be changed.</param>
    /// <param name="also">Adds what is to stand with the sign-in or not at all.</param>
    public async Task<SubjectResult> WithPasswordAsync(
        HttpContext context, string identifier, string password, string? newPassword, Action<WriteBatch, Subject> also)
    {
        var batch = new WriteBatch();
        var credentials = new PasswordCredentials(
            identifier, password, newPassword, DeclaredApplications.BuiltIn, RequestOrigin.Address(context), RequestOrigin.UserAgent(context));
        try
        {
            var result = await subjects.AuthenticateAsync(credentials, _ => true, batch, context.RequestAborted);
            if (result.Subject is not { } subject)
            {
                await batch.AbandonAsync(database, CancellationToken.None);
                return result;
            }
            also(batch, subject);
            Sessions.AddBrowser(batch, subject);
            await batch.ExecuteAsync(database, context.RequestAborted);
            return await BeginAsync(context, subject);
        }
        catch (PostgresException e) when (GrantRows.LostToARace(e))
        {
            await batch.AbandonAsync(database, CancellationToken.None);
            return SubjectResult.Refused(SubjectRefusal.InvalidCredentials);
        }
        catch
        {
            await batch.AbandonAsync(database, CancellationToken.None);
            throw;
        }
    }

    /// <summary>
    /// Gives the browser the cookie of a session that was just begun. One that it already has goes on if it is the same person's, under a new
    /// cookie; somebody else's ends, so that a cookie from before the sign-in is worth nothing either way.
    /// </summary>
    /// <returns>The person with the session that the cookie stands for.</returns>
    public async Task<Subject> BeginAsync(HttpContext context, Subject subject)
    {
        var current = await PersonAsync(context);
        if (current is not null && current.UserId != subject.Id)
        {
            await EndCurrentAsync(context);
            current = null;
        }
        // Ended in this moment: then there is nothing to give a cookie for, and the next page asks again.
        if (await browserSessions.BeginAsync(subject.SessionId, current?.SessionId, context.RequestAborted) is not { } ticket)
            return subject;
        await context.SignInAsync(BrowserSession.Scheme, BrowserSession.TicketOf(ticket));
        return subject with { SessionId = ticket.SessionId };
    }

    /// <summary>Ends the browser's session with every grant and token on it, and takes the cookie away.</summary>
    public async Task SignOutAsync(HttpContext context)
    {
        await EndCurrentAsync(context);
        await context.SignOutAsync(BrowserSession.Scheme);
    }

    /// <summary>Ends one other session of the person; somebody else's is left alone.</summary>
    public Task EndAsync(HttpContext context, BrowserPerson person, Guid session) =>
        sessions.EndAsync(session, person.UserId, RequestOrigin.Address(context));

    /// <summary>Ends every session of the person, in browsers and applications, with all their tokens.</summary>
    public async Task EndAllAsync(HttpContext context, BrowserPerson person)
    {
        await sessions.EndAllAsync(person.UserId, RequestOrigin.Address(context));
        await context.SignOutAsync(BrowserSession.Scheme);
    }

    /// <summary>Who is signed in by this request's cookie; null for nobody.</summary>
    public static async Task<BrowserPerson?> PersonAsync(HttpContext context) =>
        await context.AuthenticateAsync(BrowserSession.Scheme) is { Succeeded: true } ticket ? BrowserPerson.Of(ticket.Principal) : null;

    async Task EndCurrentAsync(HttpContext context)
    {
        if (await PersonAsync(context) is { } person)
            await sessions.EndAsync(person.SessionId, person.UserId, RequestOrigin.Address(context));
    }
}
