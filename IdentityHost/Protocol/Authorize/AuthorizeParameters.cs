using IdentityHost.Protocol.Endpoints;

namespace IdentityHost.Protocol.Authorize;

/// <summary>
/// The parameters of an authorization request: of the query, and of the body where it is a POST. An empty one equals an absent one, and an
/// unknown one is ignored (RFC 6749 §3.1); one that is repeated has no value, and somebody else says so.
/// </summary>
internal sealed class AuthorizeParameters
{
    readonly ILookup<string, string> _values;

    AuthorizeParameters(IEnumerable<KeyValuePair<string, string>> fields) =>
        _values = fields.Where(f => f.Value.Length > 0).ToLookup(f => f.Key, f => f.Value, StringComparer.Ordinal);

    /// <summary>The value; null where it is absent, empty or repeated.</summary>
    public string? this[string name] => _values[name].Take(2).ToArray() is [var single] ? single : null;

    /// <summary>For the one parameter that may be repeated: <c>resource</c> (RFC 8707 §2).</summary>
    public IEnumerable<string> All(string name) => _values[name];

    public bool IsRepeated(string name) => _values[name].Skip(1).Any();

    /// <summary>Whether a parameter that must stand alone does not.</summary>
    public bool AnyRepeated => _values.Any(v => v.Key != "resource" && v.Skip(1).Any());

    public static async Task<Result<AuthorizeParameters>> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (FormParameters.QueryFields(request).Failed(out var error, out var fields))
            return error;
        if (HttpMethods.IsPost(request.Method))
        {
            if ((await FormParameters.ReadFieldsAsync(request, cancellationToken)).Failed(out error, out var body))
                return error;
            fields.AddRange(body);
        }
        return new AuthorizeParameters(fields);
    }
}
