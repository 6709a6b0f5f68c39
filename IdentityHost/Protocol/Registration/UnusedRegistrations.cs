using IdentityHost.Audit;
using IdentityHost.Data.Entities;
using IdentityHost.Protocol.Clients;
using IdentityHost.Revocation;

namespace IdentityHost.Protocol.Registration;

/// <summary>
/// Registrations that nobody uses: 30 days old, and no person has ever agreed to anything (a consent stays longer than its grants), and those that
/// were ended 30 days ago. Their rows go; an id of 128 random bits is not given again. Applications that act for themselves leave no such trace
/// and stay.
/// </summary>
internal static class UnusedRegistrations
{
    /// <summary>Removes up to <paramref name="batch"/> of them, and tells every node. $1 is how long the feed keeps its word.</summary>
    public static string RemoveSql(int batch) =>
        $"""
        WITH gone AS (
            DELETE FROM applications WHERE id = ANY (ARRAY(
                SELECT a.id FROM applications a
                WHERE a.registered_at < identity_now() - interval '30 days' AND NOT a.declared AND CASE WHEN a.enabled
                    THEN NOT a.grant_types @> ARRAY['{GrantTypeNames.ClientCredentials}']
                        AND NOT EXISTS (SELECT FROM consents c WHERE c.application_id = a.id)
                        AND NOT EXISTS (SELECT FROM grants g WHERE g.application_id = a.id)
                        AND NOT EXISTS (SELECT FROM authorization_codes k WHERE k.application_id = a.id)
                    ELSE a.updated_at < identity_now() - interval '30 days' END
                LIMIT {batch} FOR UPDATE SKIP LOCKED)) RETURNING client_id, epoch),
        told AS ({Revocations.InsertInto} SELECT {(short)RevocationKind.Application}, client_id, epoch + 1, identity_now() + $1 FROM gone)
        {AuditLog.InsertInto} SELECT '{AuditKinds.RegistrationRemoved}', NULL, NULL, client_id, NULL, NULL FROM gone
        """;
}
