namespace IdentityHost.Users.Pictures;

/// <summary>A picture that this host wrote.</summary>
/// <param name="ContentType"><c>image/png</c> or <c>image/jpeg</c>.</param>
/// <param name="Bytes">What shows it, and nothing else.</param>
internal sealed record CleanPicture(string ContentType, byte[] Bytes);

/// <summary>
/// The one way into the table of pictures. What is kept was written here, from what was understood of the bytes that came: no place is left for
/// where somebody lives (GPS), for a page or a program behind the picture, or for what makes a decoder stumble.
/// </summary>
internal sealed class PictureRewriter : IDisposable
{
    /// <summary>A picture costs up to a second of a core; the others stay with those who carry a token.</summary>
    readonly SemaphoreSlim _width = new(Math.Max(1, Environment.ProcessorCount / 2));

    /// <summary>Each that waits holds its bytes: 64 MB of them at most.</summary>
    const int MostAtOnce = 32;

    int _atOnce;

    /// <summary>Off the calling thread, and a few at a time.</summary>
    /// <exception cref="InvalidPictureException">The bytes are no picture that is kept.</exception>
    /// <exception cref="PictureQueueFullException">Too many wait already.</exception>
    public async Task<CleanPicture> RewriteAsync(ReadOnlyMemory<byte> file, CancellationToken cancellationToken)
    {
        try
        {
            if (Interlocked.Increment(ref _atOnce) > MostAtOnce)
                throw new PictureQueueFullException();
            await _width.WaitAsync(cancellationToken);
            try
            {
                return await Task.Run(() => Rewrite(file), cancellationToken);
            }
            finally
            {
                _width.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _atOnce);
        }
    }

    /// <summary>What the bytes are is told by the first of them, not by a name or a content type.</summary>
    /// <exception cref="InvalidPictureException">The bytes are no picture that is kept.</exception>
    public static CleanPicture Rewrite(ReadOnlyMemory<byte> file)
    {
        InvalidPictureException.Unless(file.Length <= PictureLimits.MostBytes);
        if (file.Span.StartsWith(PngChunks.Signature))
            return new CleanPicture("image/png", PngRewriter.Rewrite(file));
        if (file.Span is [0xff, 0xd8, 0xff, ..])
            return new CleanPicture("image/jpeg", JpegRewriter.Rewrite(file));
        throw new InvalidPictureException(InvalidPictureException.Type);
    }

    public void Dispose() => _width.Dispose();
}

/// <summary>More pictures wait than there is room for. HTTP answers 503 with <c>Retry-After</c>.</summary>
internal sealed class PictureQueueFullException() : Exception("Too many pictures are waiting to be written anew.")
{
    public static TimeSpan RetryAfter => TimeSpan.FromSeconds(5);
}
