namespace IdentityHost.Tests.SignIn;

/// <summary>What measures time, or takes the whole machine, runs when nothing else does.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "Alone";
}
