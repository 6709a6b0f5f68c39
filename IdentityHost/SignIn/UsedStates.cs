using System.Security.Cryptography;
using System.Text;
using IdentityHost.Data;
using Npgsql;

namespace IdentityHost.SignIn;

/// <summary>
/// What a browser carries sealed and may bring back once: the table <c>used_states</c> remembers what came back, so that beginning costs no row and
/// the second return is refused on whichever node.
/// </summary>
internal sealed class UsedStates(NpgsqlDataSource database)
{
    const string Insert = "INSERT INTO used_states (key, expires_at) VALUES ($1, identity_now() + $2) ON CONFLICT DO NOTHING";

    /// <summary>The state of a sign-in at another provider.</summary>
    public const string Provider = "provider state";

    /// <summary>An identity that waits for the password of the account it is to be linked to.</summary>
    public const string Link = "pending link";

    /// <summary>Rows stay this long: longer than anything that is sealed lives.</summary>
    static readonly TimeSpan Keep = TimeSpan.FromHours(1);

    /// <summary>True for the first who comes with it.</summary>
    public async Task<bool> UseAsync(string kind, string id)
    {
        await using var command = database.CreateCommand(Insert);
        command.Parameters.Add(Sql.Value(Key(kind, id)));
        command.Parameters.Add(Sql.Value(Keep));
        // Not cancelled half-way: hanging up must not leave open whether it was used.
        return await command.ExecuteNonQueryAsync(CancellationToken.None) == 1;
    }

    /// <summary>The same within a transaction, which fails with <c>GrantRows.LostToARace</c> for the second.</summary>
    public static void AddUse(WriteBatch batch, string kind, string id) =>
        batch.AddCheck($"WITH used AS ({Insert} RETURNING 1) SELECT 1 / count(*) FROM used", Sql.Value(Key(kind, id)), Sql.Value(Keep));

    static byte[] Key(string kind, string id) => SHA256.HashData(Encoding.UTF8.GetBytes($"{kind}\n{id}"));
}
