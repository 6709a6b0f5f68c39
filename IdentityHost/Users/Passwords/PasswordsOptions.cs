using Microsoft.Extensions.Options;

namespace IdentityHost.Users.Passwords;

/// <summary>The section <c>Passwords</c>: what a password costs to hash and what it must look like.</summary>
internal sealed class PasswordsOptions
{
    public const string Section = "Passwords";

    /// <summary>Rounds of PBKDF2-SHA512. OWASP's figure for 2023 and later is 210,000; hashes with fewer are upgraded at the next sign-in.</summary>
    public int Iterations { get; set; } = 210_000;

    /// <summary>Threads that hash. One core stays free for requests that carry a token.</summary>
    public int HashingConcurrency { get; set; } = Math.Max(1, Environment.ProcessorCount - 1);

    /// <summary>Passwords that may wait for a thread; beyond it callers are told to come back (503).</summary>
    public int QueueLength { get; set; } = 100;

    /// <summary>In Unicode code points.</summary>
    public int MinimumLength { get; set; } = 8;

    /// <summary>In Unicode code points. Longer ones are refused before they are hashed.</summary>
    public int MaximumLength { get; set; } = 128;

    /// <summary>Refuse passwords that everybody tries first: the embedded list, and those built from the username, the e-mail or the product.</summary>
    public bool RefuseCommon { get; set; } = true;

    /// <summary>Whether <c>SYSTEM_USER_PASSWORD</c>, one password for everybody an admin creates, is honoured.</summary>
    public bool AllowSharedInitialPassword { get; set; }
}

/// <summary>Stops the start with the key, the value and the fix.</summary>
internal sealed class PasswordsOptionsCheck : IValidateOptions<PasswordsOptions>
{
    public ValidateOptionsResult Validate(string? name, PasswordsOptions options)
    {
        List<string> problems = [];
        Range(nameof(options.Iterations), options.Iterations, 1_000, 10_000_000, "210000 is the recommended cost");
        Range(nameof(options.HashingConcurrency), options.HashingConcurrency, 1, 256, "leave it out for one less than the cores of the machine");
        Range(nameof(options.QueueLength), options.QueueLength, 1, 100_000, "100 is the default");
        Range(nameof(options.MinimumLength), options.MinimumLength, 1, 128, "8 is the default");
        Range(nameof(options.MaximumLength), options.MaximumLength, Math.Max(64, options.MinimumLength), 1_024, "128 is the default");
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);

        void Range(string key, int value, int lowest, int highest, string fix)
        {
            if (value < lowest || value > highest)
                problems.Add($"{PasswordsOptions.Section}:{key} is {value}; it must be from {lowest} to {highest} ({fix}).");
        }
    }
}
