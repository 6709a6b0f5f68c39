using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Protocol.Keys;

/// <summary>Two nodes that sign access tokens with RS256.</summary>
public sealed class RsaHost(TestPostgres postgres) : KeysHost(postgres)
{
    protected override IEnumerable<KeyValuePair<string, string?>> Settings => [new("Tokens:AccessTokenAlgorithm", "RS256"), new(OneChain, "RS256")];
}
