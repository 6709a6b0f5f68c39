using System.Buffers.Text;
using System.Globalization;
using System.Text;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Keys;

namespace IdentityHost.Protocol.Tokens;

/// <summary>
/// The <c>sub</c> by which an application knows a person (OpenID Connect Core §8): their id, or, for an application registered as pairwise, a
/// value that no other sector can connect with it. Access tokens are for resource servers and always carry the id.
/// </summary>
internal sealed class SubjectIdentifiers(ServerKey key)
{
    public string For(Client client, long userId)
    {
        var id = userId.ToString(CultureInfo.InvariantCulture);
        if (client.SectorIdentifier is not { } sector)
            return id;
        Span<byte> code = stackalloc byte[ServerKey.CodeLength];
        key.Authenticate("identityhost pairwise subject 1\0"u8, Encoding.UTF8.GetBytes($"{sector}\0{id}"), code);
        return Base64Url.EncodeToString(code);
    }
}
