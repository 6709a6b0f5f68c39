namespace IdentityHost.Tests.Support;

/// <summary>Where the sources are.</summary>
static class Repository
{
    /// <summary>The folder that holds <c>IdentityHost.slnx</c>.</summary>
    public static string Root { get; } = Find();

    static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "IdentityHost.slnx")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The tests must run from within the repository.");
    }
}
