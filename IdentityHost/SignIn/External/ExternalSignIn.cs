using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Protocol;
using IdentityHost.Protocol.Grants;
using IdentityHost.Revocation;
using IdentityHost.Users;
using Microsoft.Extensions.Options;
using Npgsql;

namespace IdentityHost.SignIn.External;

/// <summary>What came of somebody's arrival from another provider: exactly one of the first three.</summary>
/// <param name="Subject">Signed in.</param>
/// <param name="AskUserId">The account whose password is to be asked for before the two are linked.</param>
/// <param name="Problem">Refused: one of <see cref="ExternalProblems"/>.</param>
/// <param name="Linked">Whether the link is new, and with it what the provider knows of the person.</param>
internal sealed record ExternalOutcome(Subject? Subject = null, long? AskUserId = null, string? Problem = null, bool Linked = false);

/// <summary>
/// Finds, links, makes or refuses the account of somebody whom another provider has proved (DESIGN §5). One transaction: the link, the account, what a
/// squatter loses, the session and the audit stand together. Of two arrivals at once the unique indexes let one win; the other looks again.
/// </summary>
internal sealed class ExternalSignIn(
    ExternalAccounts accounts,
    Sessions sessions,
    Revocations revocations,
    NpgsqlDataSource database,
    IOptions<RevocationOptions> revocation,
    IOptions<UsersOptions> users)
{
    /// <summary>RFC 8176 has no value for a sign-in elsewhere; this is the one that others use.</summary>
    const string Federated = "fed";

    /// <summary>Usernames that are tried, each in a transaction of its own.</summary>
    const int Tries = 8;

    // Whatever could let in whoever made the account before its address was anybody's: password, second factor, links, claims, mailed links, a waiting
    // address, sessions with their grants and tokens, and the picture and name they chose.
    static readonly string TakeOverSql =
        $"""
        WITH person AS (
            UPDATE users SET password_hash = NULL, password_origin = {(short)PasswordOrigin.None}, must_change_password = false, password_expires_at = NULL,
                pending_email = NULL, email_confirmed = true, two_factor_enabled = false, security_stamp = gen_random_uuid()::text, name = $2,
                epoch = epoch + 1, version = version + 1, updated_at = identity_now()
            WHERE id = $1 RETURNING id, epoch),
        ended AS (
            UPDATE sessions SET ended_at = identity_now() FROM person
            WHERE sessions.user_id = person.id AND sessions.ended_at IS NULL RETURNING sessions.id),
        grants_ended AS (
            UPDATE grants SET ended_at = identity_now() FROM ended WHERE grants.session_id = ended.id AND grants.ended_at IS NULL),
        logins AS (DELETE FROM user_logins USING person WHERE user_id = person.id),
        tokens AS (DELETE FROM user_tokens USING person WHERE user_id = person.id),
        claims AS (DELETE FROM user_claims USING person WHERE user_id = person.id),
        mailed AS (DELETE FROM account_tokens USING person WHERE user_id = person.id),
        picture AS (DELETE FROM user_pictures USING person WHERE user_id = person.id)
        {Revocations.InsertInto}
        SELECT {(short)RevocationKind.User}, id::text, epoch, identity_now() + $3 FROM person
        """;

    /// <summary>Decides, and signs in where it may.</summary>
    /// <param name="identity">Whom the provider has proved.</param>
    /// <param name="origin">Where the browser is.</param>
    /// <param name="cancellationToken">Ends it unless it has committed.</param>
    public Task<ExternalOutcome> RunAsync(ExternalIdentity identity, SessionOrigin origin, CancellationToken cancellationToken) =>
        Conflicts.RetryAsync(async () =>
        {
            for (var attempt = 0; attempt < Tries; attempt++)
            {
                if (await TryAsync(identity, origin, attempt, cancellationToken) is { } outcome)
                    return outcome;
            }
            throw new InvalidOperationException("No username is free for somebody who came from another provider.");
        });

    /// <summary>Null where somebody else was first, and everything is to be looked at again.</summary>
    async Task<ExternalOutcome?> TryAsync(ExternalIdentity identity, SessionOrigin origin, int attempt, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var batch = new WriteBatch();
        if (await DecideAsync(new Arrival(transaction, batch, identity, origin), attempt, cancellationToken) is not { } outcome)
            return null;
        try
        {
            await batch.ExecuteAsync(transaction, cancellationToken);
        }
        catch (PostgresException e) when (GrantRows.LostToARace(e))
        {
            return null;
        }
        await transaction.CommitAsync(cancellationToken);
        await batch.CommittedAsync();
        return outcome;
    }

    async Task<ExternalOutcome?> DecideAsync(Arrival arrival, int attempt, CancellationToken cancellationToken)
    {
        var (transaction, identity) = (arrival.Transaction, arrival.Identity);

        // 1. Known: the address plays no part, neither one that changed there nor one that changed here.
        if (await ExternalAccounts.FindLinkedAsync(transaction, identity, cancellationToken) is { } known)
            return known.Active ? SignIn(arrival, known, AuditKinds.ExternalKnown, "known subject") : Refuse(arrival, known, ExternalProblems.Disabled);

        // 2. Nobody has the address: a new account.
        if (await accounts.FindByEmailAsync(transaction, identity, cancellationToken) is not { } match)
        {
            if (!users.Value.SelfRegistration)
                return Refuse(arrival, null, ExternalProblems.Closed);
            var username = ExternalUsername.Candidate(ExternalUsername.Slug(identity), attempt);
            if (await accounts.CreateAsync(transaction, identity, username, cancellationToken) is not { } created)
                return null;
            return await LinkAsync(arrival, created, AuditKinds.ExternalCreated, "no account has the address", cancellationToken);
        }

        // 3. Somebody has it, and the provider does not say that it is this person's.
        if (!identity.EmailVerified)
            return Refuse(arrival, match, ExternalProblems.Unverified);
        // An administrator's account, or one with a second factor, is never worth as little as a mailbox.
        if (!identity.IsAuthoritative || match.Role == UserRole.Admin || (match.EmailConfirmed && match.SecondFactor))
            return Ask(arrival, match, !identity.IsAuthoritative ? "the provider does not run the mailbox" : match.Role == UserRole.Admin ? "administrator" : "second factor");
        if (!match.Active)
            return Refuse(arrival, match, ExternalProblems.Disabled);
        if (match.EmailConfirmed)
            return await LinkAsync(arrival, match, AuditKinds.ExternalLinked, "both have verified the address", cancellationToken);

        // 4. Whoever made the account never proved the address. They may have made it to wait for its owner (Sudhodanan and Paverd 2022).
        await using (var command = new NpgsqlCommand(TakeOverSql, transaction.Connection, transaction))
        {
            command.Parameters.Add(Sql.Value(match.Id));
            command.Parameters.Add(Sql.Optional(ExternalAccounts.NameOf(identity)));
            command.Parameters.Add(Sql.Value(revocation.Value.Keep));
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        LogoutOutbox.AddEnded(arrival.Batch, match.Id);
        revocations.PublishWith(arrival.Batch);
        return await LinkAsync(
            arrival, match with { Epoch = match.Epoch + 1 }, AuditKinds.ExternalSquatterRemoved, "the address was never verified here", cancellationToken);
    }

    async Task<ExternalOutcome?> LinkAsync(Arrival arrival, ExternalAccount account, string kind, string reason, CancellationToken cancellationToken) =>
        await ExternalAccounts.LinkAsync(arrival.Transaction, arrival.Identity, account.Id, cancellationToken)
            ? SignIn(arrival, account, kind, reason) with { Linked = true }
            : null;

    ExternalOutcome SignIn(Arrival arrival, ExternalAccount account, string kind, string reason)
    {
        Tell(arrival, kind, account, reason);
        var subject = sessions.Add(arrival.Batch, account.Id, account.Epoch, account.Role, Federated, arrival.Origin);
        Sessions.AddBrowser(arrival.Batch, subject);
        return new ExternalOutcome(subject);
    }

    static ExternalOutcome Ask(Arrival arrival, ExternalAccount account, string reason)
    {
        Tell(arrival, AuditKinds.ExternalCredentialAsked, account, reason);
        return new ExternalOutcome(AskUserId: account.Id);
    }

    static ExternalOutcome Refuse(Arrival arrival, ExternalAccount? account, string problem)
    {
        Tell(arrival, AuditKinds.ExternalRefused, account, problem);
        return new ExternalOutcome(Problem: problem);
    }

    static void Tell(Arrival arrival, string kind, ExternalAccount? account, string reason) => arrival.Batch.AddAudit(new AuditEvent
    {
        Kind = kind,
        ActorId = kind is AuditKinds.ExternalRefused or AuditKinds.ExternalCredentialAsked ? null : account?.Id,
        SubjectId = account?.Id,
        ClientId = arrival.Origin.ClientId,
        Address = arrival.Origin.Address,
        Detail = reason,
    });

    sealed record Arrival(NpgsqlTransaction Transaction, WriteBatch Batch, ExternalIdentity Identity, SessionOrigin Origin);
}
