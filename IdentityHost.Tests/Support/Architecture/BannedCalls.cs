using Mono.Cecil;

namespace IdentityHost.Tests.Support.Architecture;

/// <summary>Members of the framework that break a rule of the design wherever they are called.</summary>
internal static class BannedCalls
{
    const string Clock = "Nodes share the database's clock: inject TimeProvider, or use identity_now() in SQL.";
    const string Secrets = "Secrets come from RandomNumberGenerator.";
    const string Host = "The issuer is configured; only Hosting/CanonicalHost looks at the Host header.";

    /// <summary>Why the type may not call the member; null when it may.</summary>
    /// <param name="caller">Full name of the outermost type that calls.</param>
    /// <param name="member">Declaring type and member, as <c>System.DateTime::get_UtcNow</c>.</param>
    public static string? Refusal(string caller, string member) => member switch
    {
        "System.DateTime::get_UtcNow" or "System.DateTime::get_Now" or "System.DateTime::get_Today" => Clock,
        "System.DateTimeOffset::get_UtcNow" or "System.DateTimeOffset::get_Now" => Clock,
        // Data starts the database, whose clock is not there before; the command line measures how long that takes.
        "System.TimeProvider::get_System" when !caller.StartsWith("IdentityHost.Data.", StringComparison.Ordinal) && caller != "IdentityHost.CommandLine" => Clock,
        "System.Guid::NewGuid" => Secrets + " For an identifier that is none, use Guid.CreateVersion7.",
        _ when member.StartsWith("System.Random::", StringComparison.Ordinal) => Secrets,
        "Microsoft.AspNetCore.Http.HttpRequest::get_Host" or "Microsoft.AspNetCore.Http.IHeaderDictionary::get_Host"
            or "Microsoft.Net.Http.Headers.HeaderNames::Host" when !IsCanonicalHost(caller) => Host,
        _ => null,
    };

    /// <summary>The refused calls in the body of a method.</summary>
    public static IEnumerable<string> Refusals(MethodDefinition method)
    {
        if (!method.HasBody)
            yield break;
        var caller = method.DeclaringType.Outermost().FullName;
        foreach (var member in method.Body.Instructions.Select(i => i.Operand).OfType<MemberReference>().Where(m => m is not TypeReference))
        {
            if (Refusal(caller, $"{member.DeclaringType.FullName}::{member.Name}") is { } reason)
                yield return $"{method.FullName} uses {member.DeclaringType.Name}.{member.Name}. {reason}";
        }
    }

    static bool IsCanonicalHost(string caller) => caller.StartsWith("IdentityHost.Hosting.CanonicalHost", StringComparison.Ordinal);
}
