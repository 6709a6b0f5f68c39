using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace IdentityHost.Users.Api.Bodies;

/// <summary><c>multipart/form-data</c> (RFC 7578) of text fields.</summary>
internal static class MultipartBody
{
    /// <summary>RFC 2046 §5.1.1.</summary>
    const int LongestBoundary = 70;

    /// <exception cref="MalformedBodyException">The parts cannot be told apart, are no text, or one is a file.</exception>
    public static async Task ReadAsync(ReadOnlyMemory<byte> content, string? boundary, MemberCollector members, CancellationToken cancellationToken)
    {
        if (boundary is null || boundary.Length is 0 or > LongestBoundary)
            throw new MalformedBodyException("no usable boundary");
        using var stream = new MemoryStream(content.ToArray(), writable: false);
        try
        {
            var reader = new MultipartReader(boundary, stream) { HeadersCountLimit = 8, HeadersLengthLimit = 2048, BodyLengthLimit = BodyReader.Limit };
            while (await reader.ReadNextSectionAsync(cancellationToken) is { } section)
            {
                if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var disposition)
                    || !disposition.DispositionType.Equals("form-data", StringComparison.OrdinalIgnoreCase)
                    || HeaderUtilities.RemoveQuotes(disposition.Name) is not { Length: > 0 } name)
                    throw new MalformedBodyException("a part without a name");
                if (disposition.FileName.HasValue || disposition.FileNameStar.HasValue)
                    throw new MalformedBodyException("a file where none is taken");
                using var value = new MemoryStream();
                await section.Body.CopyToAsync(value, cancellationToken);
                members.Add(name.ToString(), new Member(MemberKind.Text, FormBody.Text(value.GetBuffer().AsSpan(0, (int)value.Length))));
            }
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            throw new MalformedBodyException("not well-formed multipart data");
        }
    }
}
