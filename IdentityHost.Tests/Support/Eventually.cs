using System.Diagnostics;

namespace IdentityHost.Tests.Support;

/// <summary>Waits for what another node, a job or a server does in its own time.</summary>
static class Eventually
{
    /// <summary>Asks again and again; fails the test when <paramref name="patience"/> is over.</summary>
    public static async Task TrueAsync(Func<Task<bool>> condition, TimeSpan patience)
    {
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(watch.Elapsed < patience, $"It did not come true within {patience}.");
            await Task.Delay(50);
        }
    }
}
