using System.Collections.Frozen;

namespace IdentityHost.Protocol.Authorize;

/// <summary><c>prompt</c> values.</summary>
internal static class Prompts
{
    public const string None = "none";
    public const string Login = "login";
    public const string Consent = "consent";
    public const string SelectAccount = "select_account";
    public const string Create = "create";

    public static readonly FrozenSet<string> Known = FrozenSet.Create(None, Login, Consent, SelectAccount, Create);
}

/// <summary><c>response_mode</c> values.</summary>
internal static class ResponseModes
{
    public const string Query = "query";
    public const string Fragment = "fragment";
    public const string FormPost = "form_post";
}
