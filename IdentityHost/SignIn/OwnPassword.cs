using IdentityHost.Data;
using IdentityHost.Protocol;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Endpoints;
using IdentityHost.Users.Api;
using Npgsql;

namespace IdentityHost.SignIn;

/// <summary>
/// Somebody who is signed in proves their password once more, before what a stolen token or an unlocked laptop must not be enough for. By the one door,
/// with its limits.
/// </summary>
internal sealed class OwnPassword(Authenticate authenticate, NpgsqlDataSource database)
{
    static readonly TimeSpan DefaultWait = TimeSpan.FromSeconds(1);

    /// <param name="context">The request.</param>
    /// <param name="userId">Who is signed in.</param>
    /// <param name="username">Their name.</param>
    /// <param name="password">As typed.</param>
    /// <param name="field">What the password is called in the request, for the error.</param>
    /// <param name="clientId">The application it comes through; null for a page.</param>
    public async Task<(PersonAtTheDoor? Person, ApiError? Error)> ProveAsync(
        HttpContext context, long userId, string username, string? password, string field, string? clientId = null)
    {
        if (string.IsNullOrEmpty(password))
            return (null, ApiErrors.InvalidRequest.For(field, "field_required", field));
        var batch = new WriteBatch();
        var credentials = new PasswordCredentials(
            username, password, null, clientId ?? DeclaredApplications.BuiltIn, RequestOrigin.Address(context), RequestOrigin.UserAgent(context));
        var verdict = await authenticate.PasswordAsync(credentials, batch, context.RequestAborted);
        // Frees the slot of the attempt, whatever follows.
        await batch.ExecuteAsync(database, CancellationToken.None);
        if (verdict.Person is { } proved && proved.Id == userId)
            return (proved, null);
        return (null, verdict.Refusal switch
        {
            SubjectRefusal.TooManyAttempts => ApiErrors.TooManyRequests(verdict.RetryAfter ?? DefaultWait),
            SubjectRefusal.Busy => ApiErrors.Unavailable(verdict.RetryAfter ?? DefaultWait),
            _ => ApiErrors.InvalidCredentials.For(field, "invalid_credentials"),
        });
    }
}
