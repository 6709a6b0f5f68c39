using Npgsql;

namespace IdentityHost.Data;

/// <summary>Typed positional parameters: no boxing, and a null that keeps its type.</summary>
internal static class Sql
{
    public static NpgsqlParameter<T> Value<T>(T value) => new() { TypedValue = value };

    /// <summary>A reference that may be null.</summary>
    public static NpgsqlParameter Optional(string? value) =>
        value is null ? new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text } : Value(value);

    public static NpgsqlParameter Optional(byte[]? value) =>
        value is null ? new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bytea } : Value(value);

    public static NpgsqlParameter Optional(long? value) =>
        value is null ? new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bigint } : Value(value.Value);

    public static NpgsqlParameter Optional(int? value) =>
        value is null ? new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Integer } : Value(value.Value);
}
