namespace IdentityHost.Hosting;

/// <summary>What <see cref="StartText"/> tells.</summary>
/// <param name="Address">The base URL people open, without a trailing slash.</param>
/// <param name="AdminName">The administrator's username; null if there is none.</param>
/// <param name="AdminPassword">The password made for the administrator at this start; null at every other start.</param>
/// <param name="ClientId">A public client that may use the password grant.</param>
/// <param name="Scope">The scopes to ask for, separated by spaces.</param>
/// <param name="DataFolder">Where the embedded Postgres keeps the data; null when the database is elsewhere.</param>
internal sealed record StartFacts(string Address, string? AdminName, string? AdminPassword, string ClientId, string Scope, string? DataFolder = null);

/// <summary>What a person sees at <c>dotnet run</c>: where it runs, who may enter, a command that gets a token, where to look next.</summary>
internal static class StartText
{
    /// <summary>What stands in the command for a password the host does not know.</summary>
    const string Placeholder = "YOUR-PASSWORD";

    public static void Write(TextWriter output, StartFacts facts)
    {
        output.WriteLine();
        output.WriteLine($"  IdentityHost runs at {facts.Address}");
        output.WriteLine();
        if (facts.AdminName is { } admin)
        {
            Row(output, "Admin", admin);
            if (facts.AdminPassword is { } password)
                Row(output, "Password", $"{password}    (made for you, shown this once)");
        }
        if (facts.DataFolder is { } folder)
            Row(output, "Data", folder);
        if (facts.AdminName is not null)
            WriteCommand(output, facts);
        output.WriteLine("  Look next");
        Row(output, "  Start page", $"{facts.Address}/");
        Row(output, "  Discovery", $"{facts.Address}/.well-known/openid-configuration");
        Row(output, "  Health", $"{facts.Address}/health/ready");
        output.WriteLine();
        output.WriteLine("  Ctrl+C stops it.");
        output.WriteLine();
        output.Flush();
    }

    static void WriteCommand(TextWriter output, StartFacts facts)
    {
        output.WriteLine();
        output.WriteLine(facts.AdminPassword is null
            ? $"  Get a token (put the password of {facts.AdminName} in place of {Placeholder}):"
            : "  Get a token:");
        output.WriteLine();
        output.WriteLine($"    curl -s {Quote($"{facts.Address}/connect/token")} \\");
        Field(output, "grant_type", "password", last: false);
        Field(output, "client_id", facts.ClientId, last: false);
        Field(output, "scope", facts.Scope, last: false);
        Field(output, "username", facts.AdminName!, last: false);
        Field(output, "password", facts.AdminPassword ?? Placeholder, last: true);
        output.WriteLine();
    }

    static void Field(TextWriter output, string name, string value, bool last) =>
        output.WriteLine($"      --data-urlencode {Quote($"{name}={value}")}{(last ? "" : " \\")}");

    static void Row(TextWriter output, string name, string value) => output.WriteLine($"  {name,-14}{value}");

    /// <summary>Quoted for a POSIX shell, where only the quote itself needs care between single quotes.</summary>
    static string Quote(string value) => value.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/' or ':' or '=')
        ? value
        : $"'{value.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
