using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using IdentityHost.SignIn.Browser;
using Microsoft.AspNetCore.DataProtection;

namespace IdentityHost.SignIn.External;

/// <summary>Somebody whom another provider has proved, and the account that they still have to prove.</summary>
/// <param name="Id">Random: it is used once.</param>
/// <param name="Identity">Whom the provider has proved.</param>
/// <param name="UserId">The account with their address.</param>
/// <param name="ReturnTo">Where they were going; null for the users API's handoff.</param>
/// <param name="ExpiresAt">Unix seconds.</param>
internal sealed record PendingLink(string Id, ExternalIdentity Identity, long UserId, string? ReturnTo, long ExpiresAt);

/// <summary>Keeps <see cref="PendingLink"/> in the browser, sealed by the ring that all nodes share. Which is why it needs no row, and no other browser has it.</summary>
internal sealed class PendingLinks(IDataProtectionProvider protection, Issuer issuer, TimeProvider clock)
{
    const string Cookie = "link";
    static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    readonly IDataProtector _protector = protection.CreateProtector("IdentityHost.PendingLink.1");

    public void Keep(HttpContext context, ExternalIdentity identity, long userId, string? returnTo)
    {
        var pending = new PendingLink(
            Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32)), identity, userId, returnTo, (clock.GetUtcNow() + Lifetime).ToUnixTimeSeconds());
        FlowCookie.Set(context, issuer, Cookie, _protector.Protect(JsonSerializer.Serialize(pending)), Lifetime);
    }

    /// <summary>Null where this browser has none, or none that is still good.</summary>
    public PendingLink? Read(HttpContext context)
    {
        if (FlowCookie.Get(context, issuer, Cookie) is not { Length: > 0 } sealedText)
            return null;
        try
        {
            var pending = JsonSerializer.Deserialize<PendingLink>(_protector.Unprotect(sealedText));
            return pending is not null && DateTimeOffset.FromUnixTimeSeconds(pending.ExpiresAt) > clock.GetUtcNow() ? pending : null;
        }
        catch (Exception e) when (e is CryptographicException or JsonException)
        {
            return null;
        }
    }

    public void Forget(HttpContext context) => FlowCookie.Remove(context, issuer, Cookie);
}
