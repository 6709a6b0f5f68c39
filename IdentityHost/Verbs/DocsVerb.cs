using Pages.Docs;

namespace IdentityHost.Verbs;

/// <summary><c>docs</c>: prints the reference of the API as Markdown. <c>docs/api.md</c> is this output; a test fails when it is not.</summary>
internal static class DocsVerb
{
    public const string Name = "docs";
    public const string Description = "Prints the API's reference as Markdown, as docs/api.md has it.";

    public static async Task<int> RunAsync(string[] settings, CancellationToken stop)
    {
        await Console.Out.WriteAsync(ApiMarkdown.Create().AsMemory(), stop);
        return 0;
    }
}
