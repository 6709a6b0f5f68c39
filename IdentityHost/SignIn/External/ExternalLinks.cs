using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Protocol;
using IdentityHost.SignIn.Browser;
using Microsoft.AspNetCore.Identity;
using Npgsql;

namespace IdentityHost.SignIn.External;

/// <summary>Links an account with somebody's identity elsewhere, once the account was proved as well, and takes the link away again.</summary>
internal sealed class ExternalLinks(BrowserSignIn signIn, PendingLinks pending, ILookupNormalizer normalizer, NpgsqlDataSource database)
{
    // The account must still be the one with that address, and the identity nobody's: otherwise the whole sign-in fails.
    static readonly string LinkPendingSql =
        $"""
        WITH linked AS (
            INSERT INTO user_logins (login_provider, provider_key, provider_display_name, user_id)
            SELECT $1, $2, $1, id FROM users WHERE id = $3 AND id = $4 AND status AND normalized_email = $5 ON CONFLICT DO NOTHING RETURNING user_id),
        moved AS (UPDATE users SET version = version + 1, updated_at = identity_now() FROM linked WHERE id = linked.user_id),
        audited AS ({AuditLog.InsertInto} SELECT '{AuditKinds.ExternalLinked}', user_id, user_id, $6, $7, 'the password was proved' FROM linked)
        SELECT 1 / count(*) FROM linked
        """;

    // Somebody signed in has asked for it, and their session is still alive: its end at this moment is waited for.
    static readonly string LinkSql =
        $"""
        WITH person AS MATERIALIZED (SELECT id FROM users WHERE id = $3 AND status FOR NO KEY UPDATE),
        live AS MATERIALIZED (
            SELECT s.user_id FROM sessions s JOIN person ON person.id = s.user_id WHERE s.id = $4 AND s.ended_at IS NULL FOR SHARE OF s),
        linked AS (
            INSERT INTO user_logins (login_provider, provider_key, provider_display_name, user_id)
            SELECT $1, $2, $1, user_id FROM live ON CONFLICT DO NOTHING RETURNING user_id),
        moved AS (UPDATE users SET version = version + 1, updated_at = identity_now() FROM linked WHERE id = linked.user_id),
        audited AS ({AuditLog.InsertInto} SELECT '{AuditKinds.ExternalLinked}', user_id, user_id, $5, $6, 'asked for by the signed-in person' FROM linked)
        SELECT count(*) FROM linked
        """;

    // A password that has run out lets nobody in: then the link is the last way.
    const string OtherWay = "password_hash IS NOT NULL AND (password_expires_at IS NULL OR password_expires_at > identity_now())";

    static readonly string UnlinkSql =
        $"""
        WITH person AS MATERIALIZED (SELECT id FROM users WHERE id = $2 AND status AND {OtherWay} FOR NO KEY UPDATE),
        gone AS (DELETE FROM user_logins USING person WHERE user_id = person.id AND login_provider = $1 RETURNING user_id),
        moved AS (UPDATE users SET version = version + 1, updated_at = identity_now() FROM person WHERE users.id = person.id AND EXISTS (SELECT FROM gone)),
        audited AS ({AuditLog.InsertInto} SELECT DISTINCT '{AuditKinds.ExternalUnlinked}', user_id, user_id, $3, $4, 'asked for by the signed-in person' FROM gone)
        SELECT count(*) FROM person
        """;

    /// <summary>Proves the account by its password at the one door, links, and begins a session, all or nothing.</summary>
    public async Task<SubjectResult> ProveAsync(HttpContext context, PendingLink link, string password)
    {
        var email = ExternalAccounts.EmailOf(link.Identity)!;
        var origin = SessionOrigin.Of(context);
        var result = await signIn.WithPasswordAsync(context, email, password, newPassword: null, (batch, subject) =>
        {
            UsedStates.AddUse(batch, UsedStates.Link, link.Id);
            batch.AddCheck(
                LinkPendingSql,
                Sql.Value(ExternalIdentity.Provider),
                Sql.Value(link.Identity.Key),
                Sql.Value(link.UserId),
                Sql.Value(subject.Id),
                Sql.Value(normalizer.NormalizeEmail(email)),
                Sql.Value(origin.ClientId),
                Sql.Value(origin.Address));
        });
        if (result.Subject is not null)
            pending.Forget(context);
        return result;
    }

    /// <summary>Links for the person who is signed in and has just come back from the provider. Null when done, or one of <see cref="ExternalProblems"/>.</summary>
    public async Task<string?> LinkAsync(BrowserPerson person, ExternalIdentity identity, SessionOrigin origin, CancellationToken cancellationToken)
    {
        var linked = await Conflicts.RetryAsync(async () =>
        {
            await using var command = database.CreateCommand(LinkSql);
            command.Parameters.Add(Sql.Value(ExternalIdentity.Provider));
            command.Parameters.Add(Sql.Value(identity.Key));
            command.Parameters.Add(Sql.Value(person.UserId));
            command.Parameters.Add(Sql.Value(person.SessionId));
            command.Parameters.Add(Sql.Value(origin.ClientId));
            command.Parameters.Add(Sql.Value(origin.Address));
            return await command.ExecuteScalarAsync(cancellationToken) is 1L;
        });
        return linked || await IsLinkedToAsync(person.UserId, identity, cancellationToken) ? null : ExternalProblems.Taken;
    }

    /// <summary>Whether somebody can sign in without the provider.</summary>
    public async Task<bool> HasOtherWayAsync(long userId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"SELECT 1 FROM users WHERE id = $1 AND {OtherWay}");
        command.Parameters.Add(Sql.Value(userId));
        return await command.ExecuteScalarAsync(cancellationToken) is not null;
    }

    /// <summary>Takes the links to the provider away. False where there would be no way left to sign in.</summary>
    public Task<bool> UnlinkAsync(BrowserPerson person, SessionOrigin origin, CancellationToken cancellationToken) => Conflicts.RetryAsync(async () =>
    {
        await using var command = database.CreateCommand(UnlinkSql);
        command.Parameters.Add(Sql.Value(ExternalIdentity.Provider));
        command.Parameters.Add(Sql.Value(person.UserId));
        command.Parameters.Add(Sql.Value(origin.ClientId));
        command.Parameters.Add(Sql.Value(origin.Address));
        return await command.ExecuteScalarAsync(cancellationToken) is 1L;
    });

    /// <summary>Pressing the button twice is no mistake.</summary>
    async Task<bool> IsLinkedToAsync(long userId, ExternalIdentity identity, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT 1 FROM user_logins WHERE login_provider = $1 AND provider_key = $2 AND user_id = $3");
        command.Parameters.Add(Sql.Value(ExternalIdentity.Provider));
        command.Parameters.Add(Sql.Value(identity.Key));
        command.Parameters.Add(Sql.Value(userId));
        return await command.ExecuteScalarAsync(cancellationToken) is not null;
    }
}
