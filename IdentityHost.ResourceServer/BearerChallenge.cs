using Microsoft.AspNetCore.Http;

namespace IdentityHost.ResourceServer;

/// <summary>Why a request is answered 401 or 403.</summary>
public enum BearerFailure
{
    /// <summary>401: no token was sent.</summary>
    None,

    /// <summary>401: the token is not one of ours for this API, or the header is not one token.</summary>
    Invalid,

    /// <summary>401: the token was good until it expired.</summary>
    Expired,

    /// <summary>401: the token was ended before its time, by logout for example.</summary>
    Revoked,

    /// <summary>503: nobody can tell now whether the token is good. The client is to keep it and try again.</summary>
    Unavailable,

    /// <summary>403: the token is good, and a scope is missing (<see cref="BearerChallenge.RequiredScope"/>).</summary>
    InsufficientScope,

    /// <summary>403: the token is good and its scopes suffice, but another rule refused (a role, for example).</summary>
    Forbidden,
}

/// <summary>A refusal whose status and headers are already set; the API writes the body it wants.</summary>
public sealed class BearerChallenge
{
    /// <summary>The refused request, with its response not yet started.</summary>
    public required HttpContext HttpContext { get; init; }

    /// <summary>Why the request was refused.</summary>
    public required BearerFailure Failure { get; init; }

    /// <summary>The scope that was missing; null unless <see cref="Failure"/> is <see cref="BearerFailure.InsufficientScope"/>.</summary>
    public string? RequiredScope { get; init; }
}
