using System.Diagnostics;
using System.Runtime.InteropServices;

namespace IdentityHost.Users.Passwords;

/// <summary>A bounded queue in front of a fixed number of threads that yield to everything else on the machine.</summary>
internal sealed class HashingQueue : IDisposable
{
    /// <summary>Out of −20 (greedy) to 19: well behind requests, still ahead of a backup.</summary>
    const int Niceness = 10;

    readonly LinkedList<Work> _waiting = new();
    readonly Lock _gate = new();
    readonly SemaphoreSlim _ready = new(0);
    readonly CancellationTokenSource _stopping = new();
    readonly Thread[] _threads;
    readonly int _length;
    long _lastTicks = TimeSpan.FromMilliseconds(100).Ticks;

    public HashingQueue(int threads, int length)
    {
        _length = length;
        _threads = [.. Enumerable.Range(0, threads).Select(i => new Thread(Serve) { IsBackground = true, Name = $"password-{i}" })];
        foreach (var thread in _threads)
            thread.Start();
    }

    public int Waiting
    {
        get
        {
            lock (_gate)
                return _waiting.Count;
        }
    }

    /// <summary>Runs <paramref name="work"/> on one of the threads.</summary>
    /// <exception cref="HashingQueueFullException">Too many wait already.</exception>
    public async Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var item = new Work(Execute: () => Complete(completion, work), Abandon: () => completion.TrySetCanceled(CancellationToken.None));
        LinkedListNode<Work> place;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stopping.IsCancellationRequested, this);
            if (_waiting.Count >= _length)
                throw new HashingQueueFullException(DrainTime());
            place = _waiting.AddLast(item);
        }
        _ready.Release();

        await using var registration = cancellationToken.Register(() =>
        {
            // Only what still waits can be dropped; its slot is free at once.
            lock (_gate)
            {
                if (place.List is null)
                    return;
                _waiting.Remove(place);
            }
            completion.TrySetCanceled(cancellationToken);
        });
        return await completion.Task;
    }

    /// <summary>Waits for the hashes that are being made; those that wait are cancelled.</summary>
    public void Dispose()
    {
        Work[] abandoned;
        lock (_gate)
        {
            if (_stopping.IsCancellationRequested)
                return;
            _stopping.Cancel();
            abandoned = [.. _waiting];
            _waiting.Clear();
        }
        foreach (var work in abandoned)
            work.Abandon();
        foreach (var thread in _threads)
            thread.Join();
        _ready.Dispose();
        _stopping.Dispose();
    }

    void Serve()
    {
        if (OperatingSystem.IsLinux())
            Nice.Lower(Niceness);
        while (true)
        {
            try
            {
                _ready.Wait(_stopping.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            Work? next;
            lock (_gate)
            {
                // Cancelled work leaves its signal behind.
                next = _waiting.First?.Value;
                if (next is not null)
                    _waiting.RemoveFirst();
            }
            if (next is null)
                continue;
            var started = Stopwatch.GetTimestamp();
            next.Execute();
            Volatile.Write(ref _lastTicks, Stopwatch.GetElapsedTime(started).Ticks);
        }
    }

    static void Complete<T>(TaskCompletionSource<T> completion, Func<T> work)
    {
        try
        {
            completion.TrySetResult(work());
        }
        catch (Exception e)
        {
            completion.TrySetException(e);
        }
    }

    TimeSpan DrainTime() =>
        TimeSpan.FromSeconds(Math.Ceiling(Math.Max(1, TimeSpan.FromTicks(Volatile.Read(ref _lastTicks)).TotalSeconds * _length / _threads.Length)));

    sealed record Work(Action Execute, Action Abandon);

    /// <summary>.NET's thread priority does nothing on Linux, where an unprivileged thread can only give way by its nice value.</summary>
    static class Nice
    {
        const int ProcessOrThread = 0;

        /// <summary>Lowers the calling thread: on Linux the id 0 means it, not the process (setpriority(2), "C library/kernel differences").</summary>
        public static void Lower(int niceness) => _ = SetPriority(ProcessOrThread, 0, niceness);

        [DllImport("libc", EntryPoint = "setpriority")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        static extern int SetPriority(int which, uint who, int priority);
    }
}
