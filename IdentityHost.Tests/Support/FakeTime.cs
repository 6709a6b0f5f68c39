using System.Globalization;

namespace IdentityHost.Tests.Support;

/// <summary>
/// What makes a process believe in another time of day (libfaketime, <c>apt-get install libfaketime</c>). Its monotonic clock stays true, as that
/// of a machine whose clock is set wrong.
/// </summary>
static class FakeTime
{
    // The variant for programs with threads.
    const string Name = "libfaketimeMT.so.1";

    /// <summary>The environment of a process whose clock is wrong by this much, from its start on.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Wrong(TimeSpan by) => [.. Common(), new("FAKETIME", Write(by))];

    /// <summary>The environment of a process that reads from a file by how much its clock is wrong. See <see cref="SetAsync"/>.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Following(string file) =>
        [.. Common(), new("FAKETIME_TIMESTAMP_FILE", file), new("FAKETIME_NO_CACHE", "1")];

    /// <summary>The clock of the process that follows the file jumps.</summary>
    public static async Task SetAsync(string file, TimeSpan by)
    {
        // In one piece: the process reads it at every look at the clock.
        await File.WriteAllTextAsync(file + ".new", Write(by));
        File.Move(file + ".new", file, overwrite: true);
    }

    // Its repair of timed waits, meant for old versions of glibc, breaks those of .NET: reads from the database time out.
    static IEnumerable<KeyValuePair<string, string>> Common() =>
    [
        new("LD_PRELOAD", Library()),
        new("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        new("FAKETIME_FORCE_MONOTONIC_FIX", "0"),
        new("NO_FAKE_STAT", "1"),
    ];

    static string Write(TimeSpan by) => by.TotalSeconds.ToString("+0;-0;+0", CultureInfo.InvariantCulture);

    /// <summary>Without it a laptop skips the tests that need it; a build machine must not pass by skipping.</summary>
    static string Library()
    {
        IReadOnlyList<string> folders =
        [
            "/usr/lib/x86_64-linux-gnu/faketime",
            "/usr/lib/aarch64-linux-gnu/faketime",
            "/usr/lib64/faketime",
            "/usr/lib/faketime",
        ];
        var found = folders.Select(f => Path.Combine(f, Name)).FirstOrDefault(File.Exists);
        Assert.SkipWhen(found is null && Environment.GetEnvironmentVariable("CI") != "true", "libfaketime is not on this machine: apt-get install libfaketime.");
        return found ?? throw new FileNotFoundException("libfaketime is not on this machine: apt-get install libfaketime.", Name);
    }
}
