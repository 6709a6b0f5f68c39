using System.Threading.Channels;
using IdentityHost.SignIn.Providers;
using IdentityHost.Users.Pictures;
using Microsoft.Extensions.Options;

namespace IdentityHost.SignIn.External;

/// <summary>
/// Fetches the picture of somebody who has just been linked, once and by this server: their browser, and whoever looks at them, never goes to the
/// provider for it. After the sign-in and beside it; where it fails, or too many wait, there is no picture.
/// </summary>
internal sealed partial class PictureFetches(
    Egress egress, PictureStore pictures, PictureRewriter rewriter, IOptions<GoogleOptions> options, ILogger<PictureFetches> logger) : BackgroundService
{
    const int MostWaiting = 100;
    const string GooglesHosts = ".googleusercontent.com";
    static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    readonly Channel<(long UserId, Uri Address)> _waiting = Channel.CreateBounded<(long, Uri)>(
        new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Queue(long userId, ExternalIdentity identity)
    {
        if (Uri.TryCreate(identity.Picture, UriKind.Absolute, out var address) && IsTheirs(address))
            _waiting.Writer.TryWrite((userId, address));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var (userId, address) in _waiting.Reader.ReadAllAsync(stoppingToken))
        {
            try
            {
                await FetchAsync(userId, address, stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                WithoutPicture(logger, userId, e.GetType().Name);
            }
        }
    }

    async Task FetchAsync(long userId, Uri address, CancellationToken cancellationToken)
    {
        if (await pictures.ExistsAsync(userId, cancellationToken))
            return;
        var bytes = await egress.ReadAsync(address, "image/png, image/jpeg", PictureLimits.MostBytes, Longest, cancellationToken);
        try
        {
            InvalidPictureException.Unless(bytes is not null, "nothing of at most 2 MiB");
            await pictures.PutFirstAsync(userId, await rewriter.RewriteAsync(bytes, cancellationToken), cancellationToken);
        }
        catch (InvalidPictureException e)
        {
            WithoutPicture(logger, userId, e.Reason);
        }
    }

    /// <summary>Where Google keeps pictures; with endpoints of another host (a test's, a regional proxy's), that host.</summary>
    bool IsTheirs(Uri address)
    {
        if (address.UserInfo.Length > 0)
            return false;
        if (address.Scheme == Uri.UriSchemeHttps && address.IsDefaultPort && address.IdnHost.EndsWith(GooglesHosts, StringComparison.OrdinalIgnoreCase))
            return true;
        var google = new Uri(options.Value.AuthorizationEndpoint);
        return google.AbsoluteUri != new GoogleOptions().AuthorizationEndpoint && address.Scheme == google.Scheme && address.Authority == google.Authority;
    }

    [LoggerMessage(4004, LogLevel.Information, "No picture was kept for user {UserId}: {Reason}")]
    static partial void WithoutPicture(ILogger logger, long userId, string reason);
}
