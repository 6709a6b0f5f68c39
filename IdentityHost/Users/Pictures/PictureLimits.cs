namespace IdentityHost.Users.Pictures;

/// <summary>What a picture may be. Everything is known from the first bytes, before anything is unpacked.</summary>
internal static class PictureLimits
{
    /// <summary>The most bytes of one as it is sent.</summary>
    public const int MostBytes = 2 * 1024 * 1024;

    /// <summary>The most pixels of its width, and of its height.</summary>
    public const int MostPixels = 4096;

    /// <summary>The most bytes of one as it is kept. Some packers are better than ours, but not twice.</summary>
    public const int MostKept = 2 * MostBytes;

    /// <exception cref="InvalidPictureException">It has no pixels, or too many.</exception>
    public static void CheckDimensions(long width, long height)
    {
        InvalidPictureException.Unless(width > 0 && height > 0);
        InvalidPictureException.Unless(width <= MostPixels && height <= MostPixels, InvalidPictureException.Dimensions);
    }
}
