using Microsoft.Extensions.Options;

namespace IdentityHost.ResourceServer.Remote;

/// <summary>Stops the start of an API that could not follow its issuer, with the fix.</summary>
sealed class RemoteOptionsCheck : IValidateOptions<IdentityHostBearerOptions>
{
    public ValidateOptionsResult Validate(string? name, IdentityHostBearerOptions options)
    {
        if (options.ClientId.Length == 0 || options.ClientSecret.Length == 0)
        {
            return ValidateOptionsResult.Fail(
                "ClientId and ClientSecret are needed to follow revocations: a client of the issuer with a secret, whose Audiences name this API.");
        }
        return options.RequireHttps && Uri.TryCreate(options.Authority, UriKind.Absolute, out var uri) && uri.Scheme != Uri.UriSchemeHttps && !uri.IsLoopback
            ? ValidateOptionsResult.Fail($"Authority is {options.Authority}: the secret and tokens would travel in clear. Use https, or set RequireHttps to false where the network is private.")
            : ValidateOptionsResult.Success;
    }
}
