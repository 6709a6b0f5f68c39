namespace IdentityHost.Protocol.Clients;

/// <summary>What a refresh does to an application's refresh token.</summary>
internal static class RefreshRotations
{
    /// <summary>Each use hands out a successor, and an old one that comes back ends the grant (RFC 9700 §4.14.2).</summary>
    public const string Rolling = "rolling";

    /// <summary>
    /// It stays as it is (FAPI 2.0 Security Profile §5.3.2.1). Only for applications that prove who they are: a stolen token is worth nothing
    /// without that, and nothing else would tell of the theft.
    /// </summary>
    public const string None = "none";
}
