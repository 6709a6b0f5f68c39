using IdentityHost.ResourceServer;

namespace IdentityHost.Revocation;

/// <summary>
/// What makes logout immediate: the table <c>revocations</c>, its one writer, and the check that every bearer request passes.
/// Knows tokens as the resource-server library reads them; no user, client or page.
/// </summary>
internal static class RevocationSetup
{
    public static WebApplicationBuilder AddRevocation(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<Revocations>();
        builder.Services.AddSingleton<IAccessTokenRevocations, DatabaseRevocations>();
        return builder;
    }
}
