namespace IdentityHost.Users.Pictures;

/// <summary>The bytes are no picture that is kept here.</summary>
/// <param name="reason">A key of the API's messages: it is told to whoever sent them.</param>
internal sealed class InvalidPictureException(string reason) : Exception(reason)
{
    /// <summary>Neither PNG nor JPEG by their first bytes.</summary>
    public const string Type = "picture_type";

    /// <summary>Not what the format prescribes, or cut off.</summary>
    public const string Damaged = "picture_damaged";

    /// <summary>More than <see cref="PictureLimits.MostPixels"/> wide or high.</summary>
    public const string Dimensions = "picture_dimensions";

    /// <summary>More than one picture in it.</summary>
    public const string Frames = "picture_frames";

    public string Reason => Message;

    public static InvalidPictureException Broken => new(Damaged);

    /// <exception cref="InvalidPictureException">It does not hold.</exception>
    public static void Unless(bool holds, string reason = Damaged)
    {
        if (!holds)
            throw new InvalidPictureException(reason);
    }
}
