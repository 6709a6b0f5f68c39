using System.Diagnostics.CodeAnalysis;

namespace IdentityHost.Protocol;

/// <summary>A value or the refusal in its place.</summary>
internal readonly struct Result<T>
    where T : class
{
    Result(T? value, ProtocolError? error) => (Value, Error) = (value, error);

    public T? Value { get; }

    public ProtocolError? Error { get; }

    public static implicit operator Result<T>(T value) => Of(value);

    public static implicit operator Result<T>(ProtocolError error) => new(null, error);

    internal static Result<T> Of(T value) => new(value, null);

    /// <summary>Either the value or the error is not null.</summary>
    public bool Failed([NotNullWhen(true)] out ProtocolError? error, [NotNullWhen(false)] out T? value)
    {
        (error, value) = (Error, Value);
        return error is not null;
    }
}

/// <summary>For values of interface types, which C# converts to nothing implicitly.</summary>
internal static class Result
{
    public static Result<T> Of<T>(T value)
        where T : class => Result<T>.Of(value);
}
