using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using IdentityHost.Data.Entities;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace IdentityHost.Users.Passwords;

/// <summary>The verdict over a typed password.</summary>
internal enum PasswordCheck
{
    Wrong,
    Right,

    /// <summary>Right, but the stored hash is weaker than what is configured now: store a new one.</summary>
    RightButRehash,
}

/// <summary>
/// Identity's password hasher (v3: PBKDF2-SHA512, salt of 128 bits) on threads of its own behind a bounded queue. A hash costs some 80 ms of a
/// core: on the thread pool, a burst of sign-ins would take every core from the requests that only carry a token.
/// </summary>
internal sealed class PasswordHashing : IDisposable
{
    readonly PasswordHasher<User> _hasher;
    readonly HashingQueue _queue;
    readonly string _dummy;

    public PasswordHashing(IOptions<PasswordsOptions> options)
    {
        var value = options.Value;
        _hasher = new PasswordHasher<User>(Options.Create(new PasswordHasherOptions
        {
            CompatibilityMode = PasswordHasherCompatibilityMode.IdentityV3,
            IterationCount = value.Iterations,
        }));
        _dummy = Dummy(value.Iterations);
        _queue = new HashingQueue(value.HashingConcurrency, value.QueueLength);
    }

    /// <summary>How many passwords wait for a thread now.</summary>
    public int Waiting => _queue.Waiting;

    /// <exception cref="HashingQueueFullException">Too many wait already.</exception>
    /// <exception cref="OperationCanceledException">The caller went away while it waited; the work was dropped.</exception>
    public Task<string> HashAsync(string password, CancellationToken cancellationToken) =>
        _queue.RunAsync(() => _hasher.HashPassword(null!, password), cancellationToken);

    /// <summary>Compares exactly as typed. Does the same work when there is no hash, so that time does not tell who exists.</summary>
    /// <param name="hash">The stored hash; null for an unknown user or one without a password, which answers <see cref="PasswordCheck.Wrong"/>.</param>
    /// <param name="password">What was typed; the caller has refused overlong ones (<see cref="PasswordPolicy.IsTooLong"/>).</param>
    /// <param name="cancellationToken">Drops the work while it waits for a thread.</param>
    /// <exception cref="HashingQueueFullException">Too many wait already.</exception>
    public Task<PasswordCheck> VerifyAsync(string? hash, string password, CancellationToken cancellationToken) => _queue.RunAsync(
        () =>
        {
            var result = Verify(hash ?? _dummy, password);
            return hash is null ? PasswordCheck.Wrong : result;
        },
        cancellationToken);

    public void Dispose() => _queue.Dispose();

    PasswordCheck Verify(string hash, string password) => _hasher.VerifyHashedPassword(null!, hash, password) switch
    {
        PasswordVerificationResult.Success => PasswordCheck.Right,
        PasswordVerificationResult.SuccessRehashNeeded => PasswordCheck.RightButRehash,
        PasswordVerificationResult.Failed => PasswordCheck.Wrong,
        var other => throw new UnreachableException($"{other}"),
    };

    /// <summary>
    /// A hash of no password with the parameters of real ones, in Identity's v3 layout: marker 1, PRF 2 (HMAC-SHA512), rounds and salt length
    /// as big-endian 32-bit numbers, 16 bytes of salt, 32 of subkey. The random subkey matches nothing.
    /// </summary>
    static string Dummy(int iterations)
    {
        var bytes = RandomNumberGenerator.GetBytes(13 + 16 + 32);
        bytes[0] = 0x01;
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(1), (uint)Microsoft.AspNetCore.Cryptography.KeyDerivation.KeyDerivationPrf.HMACSHA512);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(5), (uint)iterations);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(9), 16);
        return Convert.ToBase64String(bytes);
    }
}

/// <summary>More passwords wait than the queue holds. HTTP answers 503 with <c>Retry-After</c>.</summary>
internal sealed class HashingQueueFullException(TimeSpan retryAfter) : Exception("Too many passwords are waiting to be checked.")
{
    /// <summary>About when the queue will have drained; a second at least.</summary>
    public TimeSpan RetryAfter { get; } = retryAfter;
}
