namespace IdentityHost.Audit;

/// <summary>
/// Who did what, append only: the table <c>audit_events</c> and its one writer. Every feature adds to it in the transaction of the act;
/// it knows none of them.
/// </summary>
internal static class AuditKinds
{
    public const string SignedIn = "signed_in";
    public const string SignInFailed = "sign_in_failed";
    public const string SignInBlocked = "sign_in_blocked";
    public const string ClientBlocked = "client_blocked";
    public const string AddressBlocked = "address_blocked";
    public const string PicturesBlocked = "pictures_blocked";
    public const string EmailsBlocked = "emails_blocked";
    public const string SignedOut = "signed_out";
    public const string SignedOutEverywhere = "signed_out_everywhere";
    public const string UserRegistered = "user_registered";
    public const string UserCreated = "user_created";
    public const string UsersImported = "users_imported";
    public const string UserEnabled = "user_enabled";
    public const string UserDisabled = "user_disabled";
    public const string UserUpdated = "user_updated";
    public const string PictureRemoved = "picture_removed";
    public const string UserDeleted = "user_deleted";
    public const string RoleChanged = "role_changed";
    public const string PasswordChanged = "password_changed";
    public const string PasswordGenerated = "password_generated";
    public const string PasswordResetAsked = "password_reset_asked";
    public const string EmailConfirmationAsked = "email_confirmation_asked";
    public const string EmailConfirmed = "email_confirmed";
    public const string EmailChangeAsked = "email_change_asked";
    public const string RegisteredAgain = "registered_again";
    public const string ApplicationDeclared = "application_declared";
    public const string ApplicationDisabled = "application_disabled";
    public const string ApplicationRegistered = "application_registered";
    public const string ApplicationChanged = "application_changed";
    public const string ApplicationUnregistered = "application_unregistered";
    public const string RegistrationRemoved = "registration_removed";
    public const string SigningKeyCreated = "signing_key_created";
    public const string SigningKeyRotated = "signing_key_rotated";
    public const string SigningKeyRevoked = "signing_key_revoked";
    public const string ProbeRun = "probe_run";
    public const string RefreshReplayed = "refresh_replayed";
    public const string RefreshFromTheFuture = "refresh_from_the_future";
    public const string CodeReplayed = "code_replayed";
    public const string ConsentGiven = "consent_given";
    public const string GrantRevoked = "grant_revoked";
    public const string DatabaseReplaced = "database_replaced";
    public const string GrantCrowdedOut = "grant_crowded_out";
    public const string EverythingRevoked = "everything_revoked";
    public const string TokenRevoked = "token_revoked";
    public const string ConsentWithdrawn = "consent_withdrawn";
    public const string ExternalKnown = "external_known";
    public const string ExternalCreated = "external_created";
    public const string ExternalLinked = "external_linked";
    public const string ExternalUnlinked = "external_unlinked";
    public const string ExternalSquatterRemoved = "external_squatter_removed";
    public const string ExternalCredentialAsked = "external_credential_asked";
    public const string ExternalRefused = "external_refused";
}
