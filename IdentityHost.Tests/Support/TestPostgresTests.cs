using Npgsql;

namespace IdentityHost.Tests.Support;

/// <summary>The tests' own server.</summary>
public sealed class TestPostgresTests(TestPostgres postgres)
{
    [Fact]
    public async Task EachCaller_HasAMigratedDatabaseOfItsOwn()
    {
        var databases = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => postgres.CreateDatabaseAsync()));

        Assert.Equal(4, databases.Distinct().Count());
        Assert.Contains("CREATE TABLE public.users", await postgres.DumpAsync(databases[0], "--schema-only"), StringComparison.Ordinal);
        await using (var connection = new NpgsqlConnection(databases[0]))
            await connection.OpenAsync();
        foreach (var database in databases)
            await postgres.DropDatabaseAsync(database);
        await using var gone = new NpgsqlConnection(databases[0]);
        await Assert.ThrowsAsync<PostgresException>(() => gone.OpenAsync());
    }

    [Fact]
    public async Task EmptyDatabase_HasNoTables()
    {
        var database = await postgres.CreateEmptyDatabaseAsync();

        Assert.DoesNotContain("CREATE TABLE", await postgres.DumpAsync(database), StringComparison.Ordinal);
        await postgres.DropDatabaseAsync(database);
    }
}
