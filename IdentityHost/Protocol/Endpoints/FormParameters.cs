using System.Buffers;
using System.Text;
using Microsoft.Net.Http.Headers;

namespace IdentityHost.Protocol.Endpoints;

/// <summary>
/// The parameters of a protocol request's body. An empty parameter equals an absent one (RFC 6749 §3.1), a repeated one is an error
/// (§3.2), an unknown one is ignored.
/// </summary>
internal sealed class FormParameters
{
    /// <summary>The largest body read, in bytes: enough for every request of the protocol, too small to hurt.</summary>
    const int MaximumBody = 64 * 1024;
    const int MaximumParameters = 100;

    readonly Dictionary<string, string?> _values;

    FormParameters(Dictionary<string, string?> values) => _values = values;

    /// <summary>Parameters that did not come as a form (the users API's login).</summary>
    public static FormParameters Of(params ReadOnlySpan<(string Name, string? Value)> parameters)
    {
        var values = new Dictionary<string, string?>(parameters.Length, StringComparer.Ordinal);
        foreach (var (name, value) in parameters)
            values[name] = value;
        return new FormParameters(values);
    }

    /// <summary>The value, or null where it is absent or empty.</summary>
    public string? this[string name] => _values.GetValueOrDefault(name) is { Length: > 0 } value ? value : null;

    /// <summary>Whether the parameter was sent at all, even empty.</summary>
    public bool Contains(string name) => _values.ContainsKey(name);

    /// <summary>Reads a body of <c>application/x-www-form-urlencoded</c>; anything else is refused unread.</summary>
    public static async Task<Result<FormParameters>> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        return (await ReadFieldsAsync(request, cancellationToken)).Failed(out var error, out var fields) ? error : Once(fields);
    }

    /// <summary>Reads the query, for what a browser is sent to.</summary>
    public static Result<FormParameters> ReadQuery(HttpRequest request) => QueryFields(request).Failed(out var error, out var fields) ? error : Once(fields);

    /// <summary>The fields of the query with their repetitions.</summary>
    public static Result<List<KeyValuePair<string, string>>> QueryFields(HttpRequest request) =>
        ParseFields(request.QueryString.Value is ['?', .. var text] ? Encoding.ASCII.GetBytes(text) : []);

    static Result<FormParameters> Once(List<KeyValuePair<string, string>> fields)
    {
        var values = new Dictionary<string, string?>(fields.Count, StringComparer.Ordinal);
        foreach (var (name, value) in fields)
        {
            if (!values.TryAdd(name, value))
                return ProtocolError.InvalidRequest("A parameter is there more than once.");
        }
        return new FormParameters(values);
    }

    /// <summary>The fields of such a body with their repetitions, for those who have to say which one is repeated.</summary>
    public static async Task<Result<List<KeyValuePair<string, string>>>> ReadFieldsAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
            || !type.MediaType.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase)
            || (type.Charset.HasValue && !HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase)))
            return ProtocolError.InvalidRequest("Send the parameters as application/x-www-form-urlencoded in UTF-8.");
        if (request.Headers.ContentEncoding.Count > 0)
            return ProtocolError.InvalidRequest("Send the body without Content-Encoding.");
        if (request.ContentLength > MaximumBody)
            return TooLarge;

        // Chunked bodies announce no length: one byte above the limit is enough to know.
        var buffer = ArrayPool<byte>.Shared.Rent((int)(request.ContentLength ?? MaximumBody) + 1);
        try
        {
            var limit = (int)(request.ContentLength ?? MaximumBody) + 1;
            var read = await request.Body.ReadAtLeastAsync(buffer.AsMemory(0, limit), limit, throwOnEndOfStream: false, cancellationToken);
            return read > MaximumBody ? TooLarge : ParseFields(buffer.AsSpan(0, read));
        }
        finally
        {
            // The body may have held a password.
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }

    static Result<List<KeyValuePair<string, string>>> ParseFields(ReadOnlySpan<byte> form)
    {
        try
        {
            var fields = FormFields.Parse(form);
            if (fields.Count > MaximumParameters)
                return TooLarge;
            return fields.Exists(f => f.Key.Contains('\0', StringComparison.Ordinal) || f.Value.Contains('\0', StringComparison.Ordinal))
                ? ProtocolError.InvalidRequest("A parameter holds a NUL character.")
                : fields;
        }
        catch (FormatException e)
        {
            return ProtocolError.InvalidRequest($"The body is not form data: {e.Message}.");
        }
    }

    /// <summary>The answer to a body over the limit.</summary>
    public static ProtocolError TooLarge { get; } = ProtocolError.InvalidRequest("The body is larger than 64 KB, or has more than 100 parameters.");
}
