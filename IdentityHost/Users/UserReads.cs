using System.Globalization;
using System.Text;
using IdentityHost.Data;
using IdentityHost.Data.Entities;
using Npgsql;

namespace IdentityHost.Users;

/// <summary>What the reads of the API ask the database: one statement each.</summary>
internal sealed class UserReads(NpgsqlDataSource database)
{
    const string One = $"SELECT {UserView.Columns} FROM users u LEFT JOIN sign_in_states s ON s.user_id = u.id WHERE u.id = $1";

    /// <summary>Null if there is no such user.</summary>
    public async Task<UserView?> FindAsync(long id, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(One);
        command.Parameters.Add(Sql.Value(id));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken) ? UserView.Read(row) : null;
    }

    /// <summary>Whether somebody has the name, in any spelling of its letters.</summary>
    public async Task<bool> HasUsernameAsync(string username, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT 1 FROM users WHERE normalized_user_name = $1");
        command.Parameters.Add(Sql.Value(username.ToUpperInvariant()));
        return await command.ExecuteScalarAsync(cancellationToken) is not null;
    }

    /// <summary>Whether the person is an active admin at this moment.</summary>
    public async Task<bool> IsActiveAdminAsync(long id, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT 1 FROM users WHERE id = $1 AND role = $2 AND status");
        command.Parameters.Add(Sql.Value(id));
        command.Parameters.Add(Sql.Value((short)UserRole.Admin));
        return await command.ExecuteScalarAsync(cancellationToken) is not null;
    }

    /// <summary>Up to <see cref="UserPage.Limit"/> users and whether more follow.</summary>
    public async Task<(List<UserView> Users, bool More)> PageAsync(UserPage page, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand();
        command.CommandText = Statement(page, command.Parameters);
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        List<UserView> users = [];
        while (await row.ReadAsync(cancellationToken))
            users.Add(UserView.Read(row));
        var more = users.Count > page.Limit;
        if (more)
            users.RemoveAt(users.Count - 1);
        return (users, more);
    }

    /// <summary>
    /// Keyset pagination: the page begins behind the last row of the one before, found by index, so page 20,000 costs what page 1 does. Only
    /// constants enter the text; everything the client said is a parameter.
    /// </summary>
    internal static string Statement(UserPage page, NpgsqlParameterCollection parameters)
    {
        var filter = new StringBuilder("true");
        if (page.Role is { } role)
            filter.Append(CultureInfo.InvariantCulture, $" AND u.role = {Next((short)role)}");
        if (page.Status is { } status)
            filter.Append(CultureInfo.InvariantCulture, $" AND u.status = {Next(status)}");
        if (page.Prefix is { } prefix)
        {
            // A range instead of LIKE: the columns collate by bytes, and no byte of UTF-8 sorts after U+10FFFF.
            var (from, to) = (Next(prefix), Next(prefix + "\U0010FFFF"));
            filter.Append(CultureInfo.InvariantCulture, $" AND (u.normalized_user_name >= {from} AND u.normalized_user_name < {to}");
            filter.Append(CultureInfo.InvariantCulture, $" OR u.normalized_email >= {from} AND u.normalized_email < {to})");
        }
        var (way, beyond) = page.Descending ? ("DESC", "<") : ("ASC", ">");
        var limit = Next(page.Limit + 1);
        return page.Sort switch
        {
            UserSort.Id => Select(page.After is { } a ? $"u.id {beyond} {Next(a.Id)}" : "true", $"u.id {way}"),
            // Unique and never null: it needs no tie-break.
            UserSort.Username => Select(
                page.After is { } a ? $"u.normalized_user_name {beyond} {Next(a.Text!)}" : "true", $"u.normalized_user_name {way}"),
            UserSort.CreatedAt => Select(
                page.After is { } a ? $"(u.created_at, u.id) {beyond} ({Next(a.Time!.Value)}, {Next(a.Id)})" : "true", $"u.created_at {way}, u.id {way}"),
            _ => ByEmail(),
        };

        // People without an address come last in ascending and first in descending order (as Postgres sorts nulls), by id. Each half has its index.
        string ByEmail()
        {
            var inNulls = page.After is { Text: null };
            var named = page.After switch
            {
                null => "u.normalized_email IS NOT NULL",
                { Text: { } text } => $"u.normalized_email {beyond} {Next(text)}",
                _ => page.Descending ? "u.normalized_email IS NOT NULL" : "false",
            };
            var nameless = inNulls ? $"u.normalized_email IS NULL AND u.id {beyond} {Next(page.After!.Id)}"
                : page.After is not null && page.Descending ? "false"
                : "u.normalized_email IS NULL";
            return $"""
                SELECT {UserView.Columns} FROM (
                    (SELECT * FROM users u WHERE {named} AND {filter} ORDER BY u.normalized_email {way} LIMIT {limit})
                    UNION ALL
                    (SELECT * FROM users u WHERE {nameless} AND {filter} ORDER BY u.id {way} LIMIT {limit})) u
                LEFT JOIN sign_in_states s ON s.user_id = u.id ORDER BY u.normalized_email {way}, u.id {way} LIMIT {limit}
                """;
        }

        string Select(string position, string order) =>
            $"SELECT {UserView.Columns} FROM users u LEFT JOIN sign_in_states s ON s.user_id = u.id WHERE {position} AND {filter} ORDER BY {order} LIMIT {limit}";

        string Next<T>(T value)
        {
            parameters.Add(Sql.Value(value));
            return string.Create(CultureInfo.InvariantCulture, $"${parameters.Count}");
        }
    }
}
