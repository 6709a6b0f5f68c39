using IdentityHost.Audit;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using IdentityHost.Protocol.Keys;
using IdentityHost.Protocol.Tokens;
using IdentityHost.Revocation;
using Microsoft.EntityFrameworkCore;

namespace IdentityHost.Protocol.Clients;

/// <summary>
/// Brings <c>applications</c> in line with the <c>Applications</c> array at every start. One that is no longer declared is disabled, and its
/// tokens die; it is not deleted, so that its id is never given to another.
/// </summary>
internal sealed class DeclaredApplications(
    IDbContextFactory<HostDbContext> contexts,
    Revocations revocations,
    TimeProvider clock,
    ScopeCatalog scopes,
    AlgorithmsInUse algorithms,
    IConfiguration configuration,
    IHostEnvironment environment,
    ILogger<DeclaredApplications> logger) : IStartupStep
{
    /// <summary>The public application behind <c>POST /users/login</c>.</summary>
    public const string BuiltIn = "identityhost";

    readonly List<ApplicationOptions> _declared = Read(configuration, environment, scopes, algorithms);

    /// <summary>Every grant type that an enabled application may use: what discovery advertises.</summary>
    public IReadOnlyList<string> GrantTypes =>
        [.. _declared.Where(a => a.Enabled && a.ClientId != BuiltIn).SelectMany(a => a.GrantTypes).Distinct().Order(StringComparer.Ordinal)];

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        List<Application> killed = [];
        // Those that registered themselves may be many, and are nobody's declaration.
        var names = _declared.ConvertAll(a => a.ClientId);
        var stored = await context.Applications.Where(a => a.Declared || names.Contains(a.ClientId)).ToDictionaryAsync(a => a.ClientId, StringComparer.Ordinal, cancellationToken);
        foreach (var options in _declared)
        {
            if (!stored.Remove(options.ClientId, out var application))
            {
                application = Empty(options.ClientId);
                context.Add(application);
            }
            if (Apply(context, options, application))
                killed.Add(application);
        }
        foreach (var removed in stored.Values.Where(a => a is { Declared: true, Enabled: true }))
        {
            // Said aloud: during a rolling change of configuration an old node that restarts would do this to what a new one declares.
            logger.LogWarning("The application {ClientId} is not declared in Applications any more: it is disabled, and its tokens are revoked", removed.ClientId);
            removed.Enabled = false;
            killed.Add(removed);
        }
        foreach (var application in killed)
            KillTokens(context, application);
        await context.SaveChangesAsync(cancellationToken);
        // After the rows of the applications, in the order in which everybody locks. Without it refresh tokens would work again when it returns.
        if (killed.Count > 0)
        {
            var ids = killed.ConvertAll(a => a.Id);
            await context.Database.ExecuteSqlAsync(
                $"UPDATE grants SET ended_at = identity_now() WHERE application_id = ANY ({ids}) AND ended_at IS NULL", cancellationToken);
        }
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Whether it was enabled and is not any more.</summary>
    bool Apply(HostDbContext context, ApplicationOptions options, Application application)
    {
        var wasEnabled = application is { Enabled: true, Id: > 0 };
        application.Declared = true;
        application.DisplayName = options.DisplayName.Length > 0 ? options.DisplayName : options.ClientId;
        application.TokenEndpointAuthMethod = options.EffectiveMethod;
        application.TokenEndpointAuthSigningAlg = options.TokenEndpointAuthSigningAlg;
        application.Jwks = options.Jwks?.ToJson();
        application.JwksUri = string.IsNullOrEmpty(options.JwksUri) ? null : options.JwksUri;
        // Compared before they are set: an unchanged row must not be written at every start.
        application.GrantTypes = Unless(application.GrantTypes, options.GrantTypes);
        application.Scopes = Unless(application.Scopes, [.. options.Scopes.Distinct(StringComparer.Ordinal)]);
        application.Audiences = Unless(application.Audiences, options.Audiences);
        application.RedirectUris = Unless(application.RedirectUris, options.RedirectUris);
        application.PostLogoutRedirectUris = Unless(application.PostLogoutRedirectUris, options.PostLogoutRedirectUris);
        application.AllowedOrigins = Unless(application.AllowedOrigins, options.AllowedOrigins);
        application.BackchannelLogoutUri = options.BackchannelLogoutUri;
        application.Consent = options.Consent;
        application.RequirePkce = options.RequirePkce;
        application.IdTokenSignedResponseAlg = options.IdTokenSignedResponseAlg ?? algorithms.IdTokens[0];
        application.RefreshRotation = options.RefreshRotation;
        application.SecretExpiresAt = options.ClientSecretExpiresAt?.ToUniversalTime();
        if (string.IsNullOrEmpty(options.ClientSecret))
            (application.SecretHash, application.SecretSalt) = (null, null);
        else if (!ClientSecrets.Verify(options.ClientSecret, application.SecretHash, application.SecretSalt))
            (application.SecretHash, application.SecretSalt) = ClientSecrets.Hash(options.ClientSecret);
        application.Enabled = options.Enabled;
        if (context.Entry(application).State is EntityState.Added or EntityState.Modified)
        {
            application.UpdatedAt = clock.GetUtcNow();
            // No epoch moves, so no token dies by it: it tells the nodes that run to read the application again.
            // A new one is unknown to them anyway, but for the origins that may call from now on.
            if (context.Entry(application).State is EntityState.Modified || application.AllowedOrigins.Length > 0)
                revocations.Add(context, RevocationKind.Application, application.ClientId, application.Epoch);
            context.AddAudit(new AuditEvent { Kind = AuditKinds.ApplicationDeclared, ClientId = application.ClientId });
        }
        return wasEnabled && !options.Enabled;
    }

    static string[] Unless(string[] same, string[] declared) => same.SequenceEqual(declared) ? same : declared;

    void KillTokens(HostDbContext context, Application application)
    {
        application.Epoch++;
        revocations.Add(context, RevocationKind.Application, application.ClientId, application.Epoch);
        context.AddAudit(new AuditEvent { Kind = AuditKinds.ApplicationDisabled, ClientId = application.ClientId });
    }

    static Application Empty(string clientId) => new()
    {
        ClientId = clientId,
        DisplayName = clientId,
        TokenEndpointAuthMethod = ClientAuthenticationMethods.None,
        GrantTypes = [],
        Scopes = [],
    };

    static List<ApplicationOptions> Read(IConfiguration configuration, IHostEnvironment environment, ScopeCatalog scopes, AlgorithmsInUse algorithms)
    {
        var declared = new List<ApplicationOptions>(configuration.GetSection("Applications").Get<ApplicationOptions[]>() ?? [])
        {
            new()
            {
                ClientId = BuiltIn,
                DisplayName = "IdentityHost",
                GrantTypes = [GrantTypeNames.Password, GrantTypeNames.RefreshToken],
                Scopes = [ScopeCatalog.UsersSelf, ScopeCatalog.UsersManage],
                Enabled = configuration.GetValue("Users:Login", true),
            },
        };
        var fault = declared.Select(a => a.Fault(environment.IsDevelopment(), scopes.Exists, algorithms.IdTokens)).FirstOrDefault(f => f is not null);
        if (fault is not null)
            throw new InvalidOperationException(fault);
        var twice = declared.GroupBy(a => a.ClientId, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1);
        return twice is null
            ? declared
            : throw new InvalidOperationException($"Applications: '{twice.Key}' is declared twice (or is the built-in name '{BuiltIn}').");
    }
}
