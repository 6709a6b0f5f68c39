using System.Net;

namespace IdentityHost.Limits;

/// <summary>
/// What anybody may do without proving anything: register, have a mail sent. Each costs us something (a hash, a mail) or tells something (a name that is
/// taken), so an address gets only so many in a while, whatever comes of them. These write anyway; what is refused only reads.
/// </summary>
internal sealed class AnonymousLimits(Blocks blocks, FailureCounters counters)
{
    /// <summary>One registration from this address. Null to go on, or how long there are no more.</summary>
    public Task<TimeSpan?> RegisterAsync(string? address, CancellationToken cancellationToken) =>
        EnterAsync(FailureSource.OfRegistrations(Network(address)), address, cancellationToken);

    /// <summary>One mail that somebody at this address asks for, to whatever address. Null to go on, or how long there are no more.</summary>
    public Task<TimeSpan?> AskMailAsync(string? address, CancellationToken cancellationToken) =>
        EnterAsync(FailureSource.OfMails(Network(address)), address, cancellationToken);

    async Task<TimeSpan?> EnterAsync(FailureSource source, string? address, CancellationToken cancellationToken) =>
        await blocks.BlockedForAsync(cancellationToken, source) ?? await counters.CountAsync(source, address ?? "local");

    static string Network(string? text) => NetworkAddress.Of(IPAddress.TryParse(text, out var address) ? address : null);
}
