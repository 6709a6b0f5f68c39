using System.Globalization;

namespace IdentityHost.Hosting;

/// <summary>
/// Shows what a slow first start is doing and for how long: one line that counts on a terminal, plain lines (a step and, when the next begins, what it
/// took) where the output goes to a file. Disposing ends the last step.
/// </summary>
internal sealed class StartProgress : IDisposable
{
    /// <summary>Return to the first column and erase the line.</summary>
    const string Erase = "\r\u001b[K";

    readonly TextWriter output;
    readonly bool terminal;
    readonly TimeProvider time;
    readonly Lock gate = new();
    readonly ITimer? ticker;
    string? step;
    long started;

    /// <param name="terminal">Whether a person watches, for example <c>!Console.IsOutputRedirected</c>.</param>
    /// <param name="time">Measures; the system's, since the database's clock needs the database this waits for.</param>
    public StartProgress(TextWriter output, bool terminal, TimeProvider time)
    {
        this.output = output;
        this.terminal = terminal;
        this.time = time;
        var second = TimeSpan.FromSeconds(1);
        if (terminal)
            ticker = time.CreateTimer(_ => Tick(), null, second, second);
    }

    /// <summary>Ends the step before and begins this one, for example "Creating the database".</summary>
    public void Step(string what)
    {
        lock (gate)
        {
            End();
            (step, started) = (what, time.GetTimestamp());
            if (terminal)
                output.Write($"  {what} …");
            else
                output.WriteLine($"{what} …");
            output.Flush();
        }
    }

    public void Dispose()
    {
        ticker?.Dispose();
        lock (gate)
            End();
    }

    void Tick()
    {
        lock (gate)
        {
            if (step is null)
                return;
            output.Write($"{Erase}  {step} … {Seconds("0")}");
            output.Flush();
        }
    }

    void End()
    {
        if (step is null)
            return;
        output.WriteLine(terminal ? $"{Erase}  {step}: {Seconds("0.0")}" : $"{step}: done in {Seconds("0.0")}");
        output.Flush();
        step = null;
    }

    string Seconds(string format) => time.GetElapsedTime(started).TotalSeconds.ToString(format, CultureInfo.InvariantCulture) + " s";
}
