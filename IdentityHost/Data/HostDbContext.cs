using System.Text;
using IdentityHost.Data.Entities;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;

namespace IdentityHost.Data;

/// <summary>
/// Every table of the host. EF Core keeps the schema and serves what is edited; hot paths send their own single statements through
/// <see cref="Npgsql.NpgsqlDataSource"/>.
/// </summary>
internal sealed class HostDbContext(DbContextOptions<HostDbContext> options) : IdentityUserContext<User, long>(options)
{
    public DbSet<SignInState> SignInStates => Set<SignInState>();
    public DbSet<SignInAttempts> SignInAttempts => Set<SignInAttempts>();
    public DbSet<Session> Sessions => Set<Session>();
    public DbSet<Grant> Grants => Set<Grant>();
    public DbSet<Application> Applications => Set<Application>();
    public DbSet<AuthorizationRequest> AuthorizationRequests => Set<AuthorizationRequest>();
    public DbSet<AuthorizationCode> AuthorizationCodes => Set<AuthorizationCode>();
    public DbSet<Consent> Consents => Set<Consent>();
    public DbSet<LogoutMessage> LogoutMessages => Set<LogoutMessage>();
    public DbSet<IdempotencyKey> IdempotencyKeys => Set<IdempotencyKey>();
    public DbSet<RevocationEntry> Revocations => Set<RevocationEntry>();
    public DbSet<Installation> Installations => Set<Installation>();
    public DbSet<FailureCounter> FailureCounters => Set<FailureCounter>();
    public DbSet<SigningKey> SigningKeys => Set<SigningKey>();
    public DbSet<ServerSecret> ServerSecrets => Set<ServerSecret>();
    public DbSet<MailMessage> Mail => Set<MailMessage>();
    public DbSet<AccountToken> AccountTokens => Set<AccountToken>();
    public DbSet<UsedState> UsedStates => Set<UsedState>();
    public DbSet<Handoff> Handoffs => Set<Handoff>();
    public DbSet<UserPicture> UserPictures => Set<UserPicture>();
    public DbSet<DataProtectionKey> DataProtectionKeys => Set<DataProtectionKey>();
    public DbSet<AuditEvent> AuditEvents => Set<AuditEvent>();

    protected override Version SchemaVersion => IdentitySchemaVersions.Version2;

    protected override void OnModelCreating(ModelBuilder builder)
    {
        base.OnModelCreating(builder);
        builder.ApplyConfigurationsFromAssembly(typeof(HostDbContext).Assembly);
        builder.Entity<IdentityUserLogin<long>>().ToTable("user_logins");
        builder.Entity<IdentityUserClaim<long>>().ToTable("user_claims");
        builder.Entity<IdentityUserToken<long>>().ToTable("user_tokens");

        foreach (var entity in builder.Model.GetEntityTypes())
        {
            foreach (var property in entity.GetProperties())
                property.SetColumnName(SnakeCase(property.Name));
            foreach (var key in entity.GetKeys())
                key.SetName(SnakeCase(key.GetName()));
            foreach (var key in entity.GetForeignKeys())
                key.SetConstraintName(SnakeCase(key.GetConstraintName()));
            foreach (var index in entity.GetIndexes())
                index.SetDatabaseName("ix_" + entity.GetTableName() + "_" + string.Join('_', index.Properties.Select(p => SnakeCase(p.Name))));
        }
    }

    static string? SnakeCase(string? name)
    {
        if (name is null)
            return null;
        var text = new StringBuilder(name.Length + 8);
        for (var i = 0; i < name.Length; i++)
        {
            if (char.IsUpper(name[i]) && i > 0 && name[i - 1] != '_' && char.IsLower(name[i - 1]))
                text.Append('_');
            text.Append(char.ToLowerInvariant(name[i]));
        }
        return text.ToString();
    }
}
