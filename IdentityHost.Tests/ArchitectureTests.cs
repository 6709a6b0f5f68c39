using System.Reflection;
using IdentityHost.Tests.Support;
using IdentityHost.Tests.Support.Architecture;
using Microsoft.AspNetCore.DataProtection;
using Mono.Cecil;

namespace IdentityHost.Tests;

/// <summary>
/// The shape of the host, read from what was compiled: direction of dependencies, known folders, no shared state, one clock, one source of
/// secrets, complete lists. The rules themselves are proven in <c>Support/Architecture/RuleTests.cs</c>.
/// </summary>
public sealed class ArchitectureTests : IDisposable
{
    /// <summary>Static fields that may hold what can change, each with its reason.</summary>
    static readonly Dictionary<string, string> AllowedStatics = [];

    readonly ModuleDefinition _host = ModuleDefinition.ReadModule(typeof(Program).Assembly.Location);

    public void Dispose() => _host.Dispose();

    [Fact]
    public void Folders_use_only_what_stands_to_their_left()
    {
        var refused =
            from type in _host.AllTypes()
            let outer = type.Outermost()
            let @from = Layers.Area(outer.Namespace, outer.Name)
            where @from is not null
            from use in type.Uses()
            let used = use.To.Outermost()
            let to = Layers.Area(used.Namespace, used.Name)
            where to is not null
            let reason = Layers.Refusal(@from, to)
            where reason is not null
            select $"{use.Where} uses {use.To.FullName}. {reason}";
        None(refused);
    }

    [Fact]
    public void Every_folder_is_known() => None(
        _host.Types.Where(t => Layers.Area(t.Namespace, t.Name) is { } area && !Layers.IsKnown(area)).Select(t => t.FullName));

    [Fact]
    public void No_static_field_is_shared_between_two_nodes() => None(
        _host.AllTypes().SelectMany(t => t.Fields).Where(f => !AllowedStatics.ContainsKey($"{f.DeclaringType.FullName}::{f.Name}"))
            .Select(f => (Field: f, Reason: StaticState.Refusal(f))).Where(r => r.Reason is not null).Select(r => $"{r.Field.FullName} {r.Reason}"));

    [Fact]
    public void Every_allowed_static_field_still_exists() => None(
        AllowedStatics.Keys.Except(_host.AllTypes().SelectMany(t => t.Fields).Select(f => $"{f.DeclaringType.FullName}::{f.Name}")));

    [Fact]
    public void Clock_secrets_and_issuer_come_from_one_place() =>
        None(_host.AllTypes().SelectMany(t => t.Methods).SelectMany(BannedCalls.Refusals));

    [Fact]
    public void Every_startup_step_is_registered()
    {
        var step = typeof(global::IdentityHost.Data.IStartupStep).FullName!;
        var steps = Lists.Implementations(_host.AllTypes(), step).ToList();
        Assert.NotEmpty(steps);
        None(steps.Where(s => !Lists.IsRegistered(_host.AllTypes(), step, s)).Select(s => s.FullName));
    }

    /// <summary>No assembly scanning: a grant that is not in the list is never asked.</summary>
    [Fact]
    public void Every_grant_is_in_the_list()
    {
        var grants = Lists.Implementations(_host.AllTypes(), "IdentityHost.Protocol.Grants.IGrant").ToList();
        var list = _host.GetType("IdentityHost.Protocol.ProtocolSetup");
        Assert.Equal(_host.GetType("IdentityHost.Protocol.Grants.IGrant") is null, grants.Count == 0);
        None(grants.Where(g => list is null || !Lists.IsNamedIn(list, g)).Select(g => g.FullName));
    }

    [Fact]
    public void No_source_file_is_longer_than_300_lines()
    {
        var files =
            from folder in new[] { "IdentityHost", "Pages", "IdentityHost.ResourceServer", "IdentityHost.Tests", "IdentityHost.Benchmarks" }
            let path = Path.Combine(Repository.Root, folder)
            where Directory.Exists(path)
            from file in Directory.EnumerateFiles(path, "*.cs", SearchOption.AllDirectories)
            where !file.Contains($"{Path.DirectorySeparatorChar}Migrations{Path.DirectorySeparatorChar}", StringComparison.Ordinal)
            let lines = File.ReadLines(file).Count()
            where lines > 300
            select $"{Path.GetRelativePath(Repository.Root, file)}: {lines} lines";
        None(files);
    }

    /// <summary>The package feed carries no list of vulnerabilities, so the floor that must not be undercut stands here.</summary>
    [Fact]
    public void Data_Protection_is_at_least_10_0_7()
    {
        var version = typeof(IDataProtectionBuilder).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
        Assert.True(Version.Parse(version.Split('+', '-')[0]) >= new Version(10, 0, 7), $"Data Protection is {version}.");
    }

    /// <summary>Tells all that was refused, a line each.</summary>
    static void None(IEnumerable<string> refused)
    {
        var lines = refused.Distinct().Order(StringComparer.Ordinal).ToList();
        Assert.True(lines.Count == 0, string.Join(Environment.NewLine, lines));
    }
}
