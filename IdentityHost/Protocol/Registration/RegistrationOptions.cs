using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using IdentityHost.Protocol.Clients;
using Microsoft.Extensions.Options;

namespace IdentityHost.Protocol.Registration;

/// <summary>The <c>Registration</c> section: who may register applications by <c>/connect/register</c> (RFC 7591 §3).</summary>
internal sealed class RegistrationOptions
{
    /// <summary>Whether anybody may. What they register is nobody's word but their own (see <see cref="ConsentTypes.Untrusted"/>).</summary>
    public bool Open { get; set; }

    /// <summary>The initial access token; several, while one replaces another, separated by spaces. Empty for none.</summary>
    public string InitialAccessToken { get; set; } = "";

    /// <summary>Whether applications made this way must use PKCE. Those without a secret must in any case.</summary>
    public bool RequirePkce { get; set; } = true;

    /// <summary><see cref="InitialAccessToken"/>, one by one.</summary>
    public ImmutableArray<string> InitialAccessTokens => [.. InitialAccessToken.Split(' ', StringSplitOptions.RemoveEmptyEntries)];

    /// <summary>Whether anybody can register at all: what discovery advertises.</summary>
    public bool IsPossible => Open || InitialAccessTokens.Length > 0;

    /// <summary>Whether it is one of the initial access tokens. All of them are compared, each in constant time.</summary>
    public bool IsInitialAccessToken(string token)
    {
        Span<byte> sent = stackalloc byte[SHA256.HashSizeInBytes];
        Span<byte> known = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(token), sent);
        var found = false;
        foreach (var one in InitialAccessTokens)
        {
            SHA256.HashData(Encoding.UTF8.GetBytes(one), known);
            found |= CryptographicOperations.FixedTimeEquals(sent, known);
        }
        return found;
    }
}

/// <summary>Stops the start with the key and the fix; the value is a secret.</summary>
internal sealed class RegistrationOptionsCheck(IHostEnvironment environment) : IValidateOptions<RegistrationOptions>
{
    public ValidateOptionsResult Validate(string? name, RegistrationOptions options)
    {
        foreach (var token in options.InitialAccessTokens)
        {
            if (token.Length < ApplicationOptions.MinimumSecretLength && !environment.IsDevelopment())
                return ValidateOptionsResult.Fail($"Registration:InitialAccessToken must have at least {ApplicationOptions.MinimumSecretLength} random characters: openssl rand -base64 32");
            if (token.Length > ApplicationOptions.MaximumSecretLength)
                return ValidateOptionsResult.Fail($"Registration:InitialAccessToken must not be longer than {ApplicationOptions.MaximumSecretLength} characters.");
        }
        return ValidateOptionsResult.Success;
    }
}
