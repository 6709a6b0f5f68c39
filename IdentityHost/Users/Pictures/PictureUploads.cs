using IdentityHost.Limits;
using IdentityHost.Users.Api;

namespace IdentityHost.Users.Pictures;

/// <summary>Takes a picture that somebody sends: not too large, not too often, and only as it was written anew.</summary>
internal sealed class PictureUploads(PictureRewriter rewriter, Blocks blocks, FailureCounters counters)
{
    /// <param name="file">What was sent.</param>
    /// <param name="actor">Who sent it, for themself.</param>
    /// <param name="cancellationToken">Gives up while it waits for a turn.</param>
    /// <returns>The picture to keep, or <c>too_large</c>, <c>invalid_image</c> or <c>too_many_requests</c>.</returns>
    public async Task<(CleanPicture? Picture, ApiError? Error)> TakeAsync(ReadOnlyMemory<byte> file, Actor actor, CancellationToken cancellationToken)
    {
        if (file.Length > PictureLimits.MostBytes)
            return (null, ApiErrors.TooLarge);
        var source = FailureSource.OfPictures(actor.UserId!.Value);
        if (await blocks.BlockedForAsync(cancellationToken, source) is { } wait)
            return (null, ApiErrors.TooManyRequests(wait));
        // Each costs a good part of a second of a core, whether it is one or not.
        if (await counters.CountAsync(source, actor.Address ?? "local", actor.ClientId) is { } late)
            return (null, ApiErrors.TooManyRequests(late));
        try
        {
            return (await rewriter.RewriteAsync(file, cancellationToken), null);
        }
        catch (InvalidPictureException e)
        {
            return (null, ApiErrors.InvalidImage.For("profile_picture", e.Reason) with { Message = e.Reason });
        }
    }
}
