using IdentityHost.Limits;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Endpoints;
using Microsoft.Extensions.Options;

namespace IdentityHost.Protocol.Registration;

/// <summary>
/// <c>POST /connect/register</c> (RFC 7591 §3, OpenID Connect Dynamic Client Registration §3): an application registers itself, with an initial
/// access token or, where the operator opened it, without. Strangers are limited by address, before anything of theirs is fetched or written.
/// </summary>
internal sealed class RegistrationEndpoint(
    MetadataRules rules, SectorIdentifiers sectors, RegisteredClients clients, RegistrationLimit limit, IOptions<RegistrationOptions> options, Issuer issuer)
{
    public const string Path = "/connect/register";

    public async Task HandleAsync(HttpContext context)
    {
        var stop = context.RequestAborted;

        // 1. Who may.
        if ((await BearerRequest.ReadAsync(context.Request, formToo: false, stop)).Failed(out var error, out var credentials))
        {
            await BearerRequest.RefuseAsync(context, issuer, error);
            return;
        }
        if (credentials.Token is null && !options.Value.Open)
        {
            BearerRequest.RefuseWithoutToken(context, issuer);
            return;
        }
        var trusted = credentials.Token is not null;
        if (trusted && !options.Value.IsInitialAccessToken(credentials.Token!))
        {
            await BearerRequest.RefuseAsync(context, issuer, BearerRequest.InvalidToken);
            return;
        }
        // 2. What it is, 3. whether that is enough for today, 4. who vouches for its sector.
        var address = RequestOrigin.Address(context);
        if ((await MetadataDocument.ReadAsync(context.Request, stop)).Failed(out error, out var sent)
            || rules.Read(sent, trusted).Failed(out error, out var metadata)
            || (!trusted && (error = await limit.CountAsync(address, stop)) is not null)
            || (error = await sectors.CheckAsync(metadata, stop)) is not null)
        {
            await ProtocolErrorWriter.WriteAsync(context, error);
            return;
        }
        // 5. Write and answer.
        var (clientId, token) = (RegistrationSecrets.NewClientId(), RegistrationSecrets.NewSecret());
        var secret = ClientAuthenticationMethods.NeedsSecret(metadata.AuthenticationMethod) ? RegistrationSecrets.NewSecret() : null;
        var at = await clients.AddAsync(clientId, metadata, trusted, secret, token, address);
        context.Response.StatusCode = StatusCodes.Status201Created;
        await RegistrationAnswer.WriteAsync(context.Response, issuer, (clientId, at), metadata.Told, token, secret);
    }
}

/// <summary>How often strangers at one address may register (<c>RateLimits:ClientRegistration</c>).</summary>
internal sealed class RegistrationLimit(Blocks blocks, FailureCounters counters)
{
    /// <summary>Counts one more; null where it may go on. The count is exact however many come at once.</summary>
    public async Task<ProtocolError?> CountAsync(string address, CancellationToken cancellationToken)
    {
        var source = FailureSource.OfClientRegistrations(address);
        // Asked first, so that who is blocked cannot make the database write.
        var wait = await blocks.BlockedForAsync(cancellationToken, source) ?? await counters.CountAsync(source, address);
        return wait is { } time ? TooMany(time) : null;
    }

    static ProtocolError TooMany(TimeSpan retryAfter) => new(
        "temporarily_unavailable", "Too many registrations from this address. Wait as long as Retry-After says.", StatusCodes.Status429TooManyRequests)
    {
        ErrorCode = "too_many_requests",
        RetryAfter = retryAfter,
    };
}
