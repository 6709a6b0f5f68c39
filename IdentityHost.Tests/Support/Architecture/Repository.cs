namespace IdentityHost.Tests.Support.Architecture;

/// <summary>The sources that the tests were built from.</summary>
internal static class Repository
{
    /// <summary>The folder of <c>IdentityHost.slnx</c>, looked for upwards from the test's own binaries.</summary>
    public static string Root
    {
        get
        {
            var folder = AppContext.BaseDirectory;
            while (folder is not null && !File.Exists(Path.Combine(folder, "IdentityHost.slnx")))
                folder = Path.GetDirectoryName(folder);
            return folder ?? throw new InvalidOperationException("IdentityHost.slnx is not above " + AppContext.BaseDirectory);
        }
    }
}
