using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using IdentityHost.Revocation;
using Npgsql;

namespace IdentityHost.Verbs;

/// <summary>How far an import is, with the runs of it that were stopped.</summary>
/// <param name="Lines">Read so far.</param>
/// <param name="Added">Accounts that were made.</param>
/// <param name="Present">Lines whose account was there already.</param>
/// <param name="Rejected">Lines with a fault, or whose username or e-mail is somebody else's.</param>
/// <param name="RejectedBytes">Length of the list of rejected lines.</param>
/// <param name="SkippedBytes">Length of the list of lines whose account was there already.</param>
internal sealed record ImportState(long Lines, long Added, long Present, long Rejected, long RejectedBytes, long SkippedBytes)
{
    public static ImportState Nothing { get; } = new(0, 0, 0, 0, 0, 0);
}

/// <summary>What the file of notes says.</summary>
/// <param name="File">Length and time of the file that is imported.</param>
/// <param name="Database">Into what.</param>
/// <param name="Done">What has committed.</param>
/// <param name="Next">What will have committed, if <paramref name="Transaction"/> has.</param>
/// <param name="Transaction">The transaction that was about to commit.</param>
internal sealed record ImportNote(string File, string Database, ImportState Done, ImportState Next, string Transaction);

/// <summary>
/// The file beside the imported one that says how far it is. It is written before each commit and names the transaction, so that a run that is killed at
/// any moment loses nothing and counts nothing twice: the database knows whether that one has committed. While it is open no other process has it.
/// </summary>
internal sealed class ImportNotes : IDisposable
{
    /// <summary>One write of one length: it is there as a whole or not at all when the process is killed.</summary>
    const int Length = 1024;

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    readonly string _path;
    readonly string _identity;
    readonly FileStream _file;
    string _database = "";

    ImportNotes(string path, string identity, FileStream file) => (_path, _identity, _file) = (path, identity, file);

    /// <exception cref="InvalidDataException">Another process imports the file at this moment.</exception>
    public static ImportNotes Open(string imported)
    {
        var path = imported + ".progress";
        var info = new FileInfo(imported);
        try
        {
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            return new ImportNotes(path, string.Create(CultureInfo.InvariantCulture, $"{info.Length}/{info.LastWriteTimeUtc.Ticks}"), file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"{imported} is being imported by another process, or {path} cannot be written: {e.Message}", e);
        }
    }

    /// <summary>Where to go on: at the beginning where the notes are of another file, of another database, or of none.</summary>
    /// <exception cref="InvalidDataException">The run before has not ended in the database yet.</exception>
    public async Task<ImportState> ResumeAsync(NpgsqlConnection connection, CancellationToken stop)
    {
        var identity = await DatabaseIdentity.ReadAsync(connection, _ => { }, stop);
        var id = await ScalarAsync(connection, "SELECT oid::text FROM pg_database WHERE datname = current_database()", null, stop);
        _database = string.Create(CultureInfo.InvariantCulture, $"{identity.System}/{identity.Timeline}/{id}");
        if (Read() is not { } note || note.File != _identity || note.Database != _database)
            return ImportState.Nothing;
        for (var waited = TimeSpan.Zero; waited < Patience; waited += Pause)
        {
            try
            {
                switch (await ScalarAsync(connection, "SELECT pg_xact_status($1::xid8)", note.Transaction, stop))
                {
                    case "committed":
                        return note.Next;
                    case "in progress":
                        await Task.Delay(Pause, stop);
                        continue;
                    default:
                        // Rolled back; or so long ago that nobody knows, and then its lines are found to be there.
                        return note.Done;
                }
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InvalidParameterValue)
            {
                // A transaction of the future: the database is an earlier state of itself.
                return ImportState.Nothing;
            }
        }
        throw new InvalidDataException("The run before has not ended in the database yet. Try again in a minute.");
    }

    /// <summary>Before a commit.</summary>
    public void Write(ImportState done, ImportState next, string transaction)
    {
        var note = JsonSerializer.SerializeToUtf8Bytes(new ImportNote(_identity, _database, done, next, transaction), ImportNoteJson.Default.ImportNote);
        Span<byte> block = stackalloc byte[Length];
        block.Fill((byte)' ');
        note.CopyTo(block);
        block[^1] = (byte)'\n';
        RandomAccess.Write(_file.SafeFileHandle, block, fileOffset: 0);
    }

    /// <summary>All is in.</summary>
    public void Finish()
    {
        _file.Dispose();
        File.Delete(_path);
    }

    public void Dispose() => _file.Dispose();

    /// <summary>Null for a file that is new, or that says something else than these notes.</summary>
    ImportNote? Read()
    {
        Span<byte> block = stackalloc byte[Length];
        var read = RandomAccess.Read(_file.SafeFileHandle, block, fileOffset: 0);
        try
        {
            return read < Length ? null : JsonSerializer.Deserialize(block, ImportNoteJson.Default.ImportNote);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    static async Task<string?> ScalarAsync(NpgsqlConnection connection, string sql, string? parameter, CancellationToken stop)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        if (parameter is not null)
            command.Parameters.Add(Data.Sql.Value(parameter));
        return await command.ExecuteScalarAsync(stop) as string;
    }
}

[JsonSourceGenerationOptions(RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(ImportNote))]
internal sealed partial class ImportNoteJson : JsonSerializerContext;
