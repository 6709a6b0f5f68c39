using System.Collections.Frozen;
using Microsoft.Extensions.DependencyInjection;
using Mono.Cecil;

namespace IdentityHost.Tests.Support.Architecture;

/// <summary>Each architecture rule refuses what it is there to refuse: fabricated references, and code compiled below for the purpose.</summary>
public sealed class RuleTests : IDisposable
{
    readonly ModuleDefinition _tests = ModuleDefinition.ReadModule(typeof(RuleTests).Assembly.Location);

    public void Dispose() => _tests.Dispose();

    [Theory]
    [InlineData("Data", "Audit")]
    [InlineData("Audit", "Mail")]
    [InlineData("Mail", "ResourceServer")]
    [InlineData("Revocation", "Limits")]
    [InlineData("Revocation", "Protocol")]
    [InlineData("Limits", "Protocol")]
    [InlineData("Limits", "Users")]
    [InlineData("Protocol", "Users")]
    [InlineData("Users", "Protocol")]
    [InlineData("Users", "SignIn")]
    [InlineData("SignIn", "Jobs")]
    [InlineData("Jobs", "Hosting")]
    [InlineData("Hosting", "Data")]
    [InlineData("Hosting", "Users")]
    [InlineData("Hosting/Doctor", "Pages")]
    [InlineData("Pages", "Data")]
    [InlineData("Pages", "Program")]
    public void Refuses_a_use_against_the_direction(string from, string to) => Assert.NotNull(Layers.Refusal(from, to));

    [Theory]
    [InlineData("Audit", "Data")]
    [InlineData("Revocation", "ResourceServer")]
    [InlineData("Limits", "Revocation")]
    [InlineData("Protocol", "Limits")]
    [InlineData("SignIn", "Limits")]
    [InlineData("SignIn", "Protocol")]
    [InlineData("SignIn", "Users")]
    [InlineData("Hosting/Doctor", "Data")]
    [InlineData("Pages", "SignIn")]
    [InlineData("Program", "Data")]
    public void Allows_a_use_in_the_direction(string from, string to) => Assert.Null(Layers.Refusal(from, to));

    [Theory]
    [InlineData("IdentityHost.Users.Endpoints", "X", "Users")]
    [InlineData("IdentityHost.Hosting.Doctor", "X", "Hosting/Doctor")]
    [InlineData("IdentityHost", "Program", "Program")]
    [InlineData("Pages.SignIn", "Index", "Pages")]
    [InlineData("AspNetCoreGeneratedDocument", "Pages_Index", "Pages")]
    [InlineData("System.Text", "StringBuilder", null)]
    public void Folder_of_a_type(string ns, string name, string? area) => Assert.Equal(area, Layers.Area(ns, name));

    [Theory]
    [InlineData("IdentityHost.Common", "X")]
    [InlineData("IdentityHost", "Helpers")]
    public void Unknown_folder_is_told(string ns, string name) => Assert.False(Layers.IsKnown(Layers.Area(ns, name)!));

    [Fact]
    public void Sees_field_signature_generic_argument_attribute_lambda_and_async_body()
    {
        var used = Sample(nameof(Samples.Everything)).WithNested().SelectMany(t => t.Uses()).Select(u => u.To.FullName).ToHashSet();
        foreach (var expected in new[] { typeof(Uri), typeof(Version), typeof(TimeZoneInfo), typeof(ObsoleteAttribute), typeof(Guid), typeof(Half) })
            Assert.Contains(expected.FullName!, used);
    }

    [Fact]
    public void Refuses_shared_state() => Assert.Equal(
        [nameof(Samples.Shared.Array), nameof(Samples.Shared.Box), nameof(Samples.Shared.Counter), nameof(Samples.Shared.List), "<Property>k__BackingField"],
        Sample(nameof(Samples.Shared)).WithNested().SelectMany(t => t.Fields).Where(f => StaticState.Refusal(f) is not null).Select(f => f.Name)
            .OrderBy(n => n.TrimStart('<'), StringComparer.Ordinal));

    [Fact]
    public void Refuses_banned_members()
    {
        var refused = Sample(nameof(Samples.Banned)).WithNested().SelectMany(t => t.Methods).SelectMany(BannedCalls.Refusals).ToList();
        foreach (var member in new[] { "DateTime.get_UtcNow", "DateTimeOffset.get_Now", "Random.get_Shared", "Guid.NewGuid", "HttpRequest.get_Host" })
            Assert.Contains(refused, r => r.Contains(member, StringComparison.Ordinal));
        Assert.Null(BannedCalls.Refusal("IdentityHost.Hosting.CanonicalHost", "Microsoft.AspNetCore.Http.HttpRequest::get_Host"));
    }

    [Fact]
    public void Finds_what_is_in_no_list()
    {
        var all = Sample(nameof(Samples.Registry)).WithNested().Concat(Sample(nameof(Samples.IListed)).WithNested())
            .Concat(new[] { nameof(Samples.Listed), nameof(Samples.Made), nameof(Samples.Forgotten) }.Select(Sample)).ToList();
        var listed = Sample(nameof(Samples.IListed)).FullName;
        var found = Lists.Implementations(all, listed).ToList();
        Assert.Equal(3, found.Count);
        Assert.Equal([nameof(Samples.Forgotten)], found.Where(t => !Lists.IsRegistered(all, listed, t)).Select(t => t.Name));
        Assert.Equal([nameof(Samples.Forgotten)], found.Where(t => !Lists.IsNamedIn(Sample(nameof(Samples.Registry)), t)).Select(t => t.Name));
    }

    TypeDefinition Sample(string name) => _tests.AllTypes().Single(t => t.Name == name && t.DeclaringType?.Name == nameof(Samples));
}

/// <summary>Code that breaks the rules, for <see cref="RuleTests"/> to find.</summary>
#pragma warning disable CA1812, CA2211, CS0414, CS0169, CS0649, CA1823, CA5394, CA1051, CA1852, IDE0051, IDE0052
internal static class Samples
{
    internal sealed class Everything
    {
        Uri? _field;

        [Obsolete("Sample.")]
        List<Version>? Signature(TimeZoneInfo zone) => zone is null ? null : [];

        async Task BodyAsync()
        {
            await Task.Yield();
            Func<object> lambda = () => Guid.Empty;
            if (lambda() is Half)
                _field = null;
        }
    }

    internal static class Shared
    {
        public const int Constant = 1;
        public static readonly string Text = "x";
        public static readonly FrozenSet<string> Frozen = new[] { "x" }.ToFrozenSet();
        public static readonly Func<int> Delegate = () => Constant;
        public static readonly int[] Array = [1];
        public static readonly List<int> List = [];
        public static readonly Box Box = new();
        public static int Counter;

        public static int Property { get; set; }
    }

    internal sealed class Box
    {
        public int Value;
    }

    internal static class Banned
    {
        public static object[] Use(Microsoft.AspNetCore.Http.HttpRequest request) =>
            [DateTime.UtcNow, DateTimeOffset.Now, new Func<int>(() => Random.Shared.Next()), Guid.NewGuid(), request.Host];
    }

    internal interface IListed;

    internal sealed class Listed : IListed;

    internal sealed class Made : IListed;

    internal sealed class Forgotten : IListed;

    internal static class Registry
    {
        public static void Add(IServiceCollection services)
        {
            services.AddSingleton<IListed, Listed>();
            services.AddSingleton<IListed>(_ => new Made());
        }
    }
}
