using System.Runtime.InteropServices;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace IdentityHost.Users.Api.Bodies;

/// <summary><c>multipart/form-data</c> (RFC 7578) of text fields, and of one file where the operation takes it. What the file is called is never looked at.</summary>
internal static class MultipartBody
{
    /// <summary>RFC 2046 §5.1.1.</summary>
    const int LongestBoundary = 70;

    /// <summary>Names of files may be long.</summary>
    const int LongestHeaders = 16 * 1024;

    /// <exception cref="MalformedBodyException">The parts cannot be told apart, are no text, or one is a file where <paramref name="file"/> is not.</exception>
    public static async Task ReadAsync(
        ReadOnlyMemory<byte> content, string? boundary, MemberCollector members, string? file, CancellationToken cancellationToken)
    {
        if (boundary is null || boundary.Length is 0 or > LongestBoundary)
            throw new MalformedBodyException("no usable boundary");
        using var stream = MemoryMarshal.TryGetArray(content, out var bytes)
            ? new MemoryStream(bytes.Array!, bytes.Offset, bytes.Count, writable: false)
            : new MemoryStream(content.ToArray(), writable: false);
        try
        {
            var reader = new MultipartReader(boundary, stream) { HeadersCountLimit = 8, HeadersLengthLimit = LongestHeaders, BodyLengthLimit = content.Length };
            while (await reader.ReadNextSectionAsync(cancellationToken) is { } section)
            {
                if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var disposition)
                    || !disposition.DispositionType.Equals("form-data", StringComparison.OrdinalIgnoreCase)
                    || HeaderUtilities.RemoveQuotes(disposition.Name) is not { Length: > 0 } name)
                    throw new MalformedBodyException("a part without a name");
                var isFile = disposition.FileName.HasValue || disposition.FileNameStar.HasValue;
                if (isFile && name != file)
                    throw new MalformedBodyException("a file where none is taken");
                using var value = new MemoryStream();
                await section.Body.CopyToAsync(value, cancellationToken);
                if (isFile)
                {
                    members.Add(name.ToString(), new Member(MemberKind.File) { Content = value.ToArray() });
                    continue;
                }
                members.Add(name.ToString(), new Member(MemberKind.Text, FormBody.Text(value.GetBuffer().AsSpan(0, (int)value.Length))));
            }
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            throw new MalformedBodyException("not well-formed multipart data");
        }
    }
}
