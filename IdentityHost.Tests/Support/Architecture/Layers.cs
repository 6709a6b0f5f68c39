namespace IdentityHost.Tests.Support.Architecture;

/// <summary>
/// Who may use whom. Each folder uses only what stands to its left:
/// the vocabulary of the root namespace (Issuer, DatabaseAway, FormFields, Egress, FlowCookie, Branding), Data, then Audit and Mail, Revocation, Limits, Protocol and Users, SignIn, Jobs, Hosting, Pages, Program.
/// </summary>
internal static class Layers
{
    /// <summary>Position from the left. Folders of one position do not know one another.</summary>
    static int? Position(string area) => area switch
    {
        "Vocabulary" => -1,
        "Data" => 0,
        "Audit" or "Mail" => 1,
        "ResourceServer" => 2,
        "Revocation" => 3,
        "Limits" => 4,
        "Protocol" or "Users" => 5,
        "SignIn" => 6,
        "Jobs" => 7,
        "Hosting" or "Hosting/Doctor" => 8,
        "Pages" => 9,
        "Program" => 10,
        _ => null,
    };

    /// <summary>The folder a type lives in, from its namespace; null for what is not the project's.</summary>
    /// <param name="ns">The namespace of the outermost type.</param>
    /// <param name="name">The name of the outermost type.</param>
    public static string? Area(string ns, string name)
    {
        var parts = ns.Split('.');
        return parts[0] switch
        {
            "Pages" or "AspNetCoreGeneratedDocument" => "Pages",
            "IdentityHost" when parts.Length == 1 => name switch
            {
                "Issuer" or "DatabaseAway" or "FormFields" or "Egress" or "EgressAnswer" or "FlowCookie" or "Branding" or "BrandLogo" or "AccentColor" => "Vocabulary",
                "Program" or "CommandLine" or "StartFactsReader" => "Program",
                _ => name,
            },
            "IdentityHost" when parts is [_, "Hosting", "Doctor", ..] => "Hosting/Doctor",
            "IdentityHost" when parts is [_, "Verbs", ..] => "Program",
            "IdentityHost" => parts[1],
            _ => null,
        };
    }

    public static bool IsKnown(string area) => Position(area) is not null;

    /// <summary>Why the first may not use the second; null when it may.</summary>
    public static string? Refusal(string from, string to)
    {
        if (from == to || Position(from) is not { } user || Position(to) is not { } used)
            return null;
        return (from, to) switch
        {
            ("Hosting", "Hosting/Doctor") => null,
            ("Hosting/Doctor", "Hosting") => null,
            ("Hosting", "Vocabulary") => null,
            ("Hosting", _) => "Hosting's middleware uses the framework only; what asks the features is Hosting/Doctor.",
            ("Pages", "Data") => "Pages call one method of a feature; they never touch Data.",
            _ when user == used => $"{from} and {to} do not know one another.",
            _ when user < used => $"{to} stands to the right of {from}.",
            _ => null,
        };
    }
}
