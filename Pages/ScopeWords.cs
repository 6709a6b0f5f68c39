using IdentityHost.Protocol.Authorize;
using Microsoft.Extensions.Localization;
using Pages.Resources;

namespace Pages;

/// <summary>What a scope allows, for people.</summary>
internal static class ScopeWords
{
    /// <summary>The operator's words, or ours for what every server has; its name, where nobody gave it any.</summary>
    public static string Of(ScopeInWords scope, IStringLocalizer<PageTexts> texts) =>
        scope.DisplayName ?? (texts[$"Scope {scope.Name}"] is { ResourceNotFound: false } text ? text.Value : scope.Name);
}
