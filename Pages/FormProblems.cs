using IdentityHost.Users.Api;
using Microsoft.AspNetCore.Http;

namespace Pages;

/// <summary>What stands beside a field; no text if it is as it should be.</summary>
internal sealed record FieldFlaw(string Field, string? Text);

/// <summary>
/// What is wrong with a form, in the words of the API: the same rules refuse the same things there. Shown as a summary whose lines lead to the
/// fields, and once more beside each.
/// </summary>
internal sealed class FormProblems
{
    FormProblems(IReadOnlyList<(string? Field, string Text)> items) => Items = items;

    public static FormProblems None { get; } = new([]);

    /// <summary>The id of the field, where it is about one.</summary>
    public IReadOnlyList<(string? Field, string Text)> Items { get; }

    public static FormProblems Of(ApiError error, HttpContext context)
    {
        var language = Messages.Language(context);
        return new FormProblems(error.Fields.Count == 0
            ? [(null, Messages.Get(error.Message, language, error.Arguments))]
            : [.. error.Fields.OrderBy(f => Place(f.Field)).Select(f => ((string?)f.Field, Messages.Get(f.Message, language, f.Arguments)))]);
    }

    /// <summary>From top to bottom, as on every form of ours.</summary>
    static int Place(string field) => field switch
    {
        "username" => 0,
        "email" => 1,
        "password" => 2,
        "name" => 3,
        "phone_number" => 4,
        _ => 5,
    };

    /// <summary>What stands beside the field; null if it is as it should be.</summary>
    public string? Beside(string field) => Items.FirstOrDefault(item => item.Field == field).Text;

    public FieldFlaw Flaw(string field) => new(field, Beside(field));

    /// <summary>For <c>aria-invalid</c>: null leaves the attribute out.</summary>
    public string? Invalid(string field) => Beside(field) is null ? null : "true";

    /// <summary>For <c>aria-describedby</c>: the hint, if there is one, and the flaw.</summary>
    public string? DescribedBy(string field, string? hint = null) => (hint, Beside(field)) switch
    {
        (null, null) => null,
        (null, _) => $"{field}-flaw",
        (_, null) => hint,
        _ => $"{hint} {field}-flaw",
    };
}
