using System.Globalization;

namespace IdentityHost.Verbs;

/// <summary>
/// How far a long verb is: on a terminal one line with a bar, the rate and the time that is left; where the output goes to a file, a line for each tenth.
/// </summary>
internal sealed class ProgressBar(TextWriter output, bool terminal, TimeProvider time, string things)
{
    const int Width = 30;
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    readonly long _started = time.GetTimestamp();
    long _shown = long.MinValue;
    int _tenth;
    long _before;

    /// <summary>Things that a run before this one did: they count for the bar, not for the rate.</summary>
    public void Begin(long done) => _before = done;

    /// <param name="done">So many until now.</param>
    /// <param name="share">Of the whole, from 0 to 1.</param>
    public void Show(long done, double share)
    {
        var last = share >= 1;
        if (terminal ? !last && _shown != long.MinValue && time.GetElapsedTime(_shown) < Pause : (int)(share * 10) <= _tenth && !last)
            return;
        (_shown, _tenth) = (time.GetTimestamp(), (int)(share * 10));
        output.Write(terminal ? $"\r\u001b[K{Line(done, share)}" : $"{Line(done, share)}\n");
        if (terminal && last)
            output.WriteLine();
        output.Flush();
    }

    internal string Line(long done, double share)
    {
        var spent = time.GetElapsedTime(_started);
        var rate = (done - _before) / Math.Max(spent.TotalSeconds, 0.001);
        var filled = (int)(Math.Clamp(share, 0, 1) * Width);
        var left = share is > 0 and < 1 ? $", {Text(spent / share * (1 - share))} left" : "";
        return string.Create(CultureInfo.InvariantCulture, $"[{new string('#', filled)}{new string('-', Width - filled)}] {share,4:P0}  {done:N0} {things}, {rate:N0}/s{left}");
    }

    static string Text(TimeSpan time) => time.TotalMinutes >= 1
        ? string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalMinutes} min {time.Seconds} s")
        : string.Create(CultureInfo.InvariantCulture, $"{Math.Max(1, (int)time.TotalSeconds)} s");
}
