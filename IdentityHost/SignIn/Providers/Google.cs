using System.Buffers.Text;
using System.Globalization;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using IdentityHost.SignIn.External;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OAuth;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;

namespace IdentityHost.SignIn.Providers;

/// <summary>
/// Google as a provider: what differs from the framework's OAuth handler, which seals the state, binds it to the browser by a cookie, does PKCE and
/// exchanges the code. Added here: the state works once and for ten minutes, a nonce, and that only the verified ID token says who somebody is.
/// </summary>
internal sealed partial class Google(
    IOptionsMonitor<OAuthOptions> options,
    ILoggerFactory logger,
    UrlEncoder encoder,
    GoogleIdToken idTokens,
    UsedStates states,
    IOptions<GoogleOptions> google) : OAuthHandler<OAuthOptions>(options, logger, encoder)
{
    /// <summary>The name of the authentication scheme.</summary>
    public const string SchemeName = "Google";

    /// <summary>How long a sign-in at Google may take.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    const string Nonce = "nonce";
    const string BegunAt = "begun";
    const string Identity = "identity";

    /// <summary>What this browser began, once it has shown its cookie.</summary>
    AuthenticationProperties? _begun;

    /// <summary>Who came back, in a ticket of this handler.</summary>
    public static ExternalIdentity IdentityOf(AuthenticationProperties properties) => properties.GetParameter<ExternalIdentity>(Identity)!;

    public override async Task<bool> ShouldHandleRequestAsync() => HttpMethods.IsGet(Request.Method) && await base.ShouldHandleRequestAsync();

    protected override string BuildChallengeUrl(AuthenticationProperties properties, string redirectUri)
    {
        // In the sealed state, and in the request: Google writes it into the ID token, so that a token of another sign-in is not taken for this one's.
        var nonce = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        properties.Items[Nonce] = nonce;
        properties.Items[BegunAt] = TimeProvider.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        Dictionary<string, string?> more = new() { ["nonce"] = nonce, ["prompt"] = "select_account" };
        // A hint for Google's page; what counts is the claim.
        if (google.Value.HostedDomains is [var only])
            more["hd"] = only;
        return QueryHelpers.AddQueryString(base.BuildChallengeUrl(properties, redirectUri), more);
    }

    /// <summary>Whatever goes wrong with a state that is ours, somebody is told so on the page that they came from.</summary>
    protected override async Task<HandleRequestResult> HandleRemoteAuthenticateAsync()
    {
        try
        {
            return await base.HandleRemoteAuthenticateAsync();
        }
        catch (Exception e) when (_begun is not null && !Context.RequestAborted.IsCancellationRequested)
        {
            return HandleRequestResult.Fail(e, _begun);
        }
    }

    protected override bool ValidateCorrelationId(AuthenticationProperties properties)
    {
        if (!base.ValidateCorrelationId(properties))
            throw new GoogleFailure(ExternalProblems.State, "this browser did not begin it");
        _begun = properties;
        return true;
    }

    /// <summary>Reached only with a state that was sealed here and a browser that has its cookie, so a stranger's guess uses nothing up.</summary>
    protected override async Task<OAuthTokenResponse> ExchangeCodeAsync(OAuthCodeExchangeContext context)
    {
        var items = context.Properties.Items;
        if (!items.TryGetValue(Nonce, out var nonce) || nonce is null || !long.TryParse(items[BegunAt], CultureInfo.InvariantCulture, out var begun)
            || DateTimeOffset.FromUnixTimeSeconds(begun) + Lifetime < TimeProvider.GetUtcNow())
            return OAuthTokenResponse.Failed(new GoogleFailure(ExternalProblems.State, "the state is too old"));
        if (!await states.UseAsync(UsedStates.Provider, nonce))
            return OAuthTokenResponse.Failed(new GoogleFailure(ExternalProblems.State, "the state was used before"));
        var tokens = await base.ExchangeCodeAsync(context);
        // The framework's own message holds whatever the endpoint answered, and would be logged.
        return tokens.Error is null ? tokens : OAuthTokenResponse.Failed(new GoogleFailure(ExternalProblems.Unavailable, "the token endpoint refused the code"));
    }

    protected override async Task<AuthenticationTicket> CreateTicketAsync(ClaimsIdentity identity, AuthenticationProperties properties, OAuthTokenResponse tokens)
    {
        var root = tokens.Response!.RootElement;
        var idToken = root.TryGetProperty("id_token", out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;
        var (person, refusal) = await idTokens.VerifyAsync(idToken, properties.Items[Nonce]!, Context.RequestAborted);
        if (person is null)
            throw new GoogleFailure(ExternalProblems.Failed, $"the ID token was refused: {refusal}");
        if (person.Name is null && google.Value.UserInfoEndpoint.Length > 0)
            person = await WithProfileAsync(person, tokens.AccessToken!);
        properties.SetParameter(Identity, person);
        return new AuthenticationTicket(new ClaimsPrincipal(identity), properties, SchemeName);
    }

    /// <summary>Name and picture, for which an ID token does not always have room. Nothing that decides anything is read here; a failure costs only the name.</summary>
    async Task<ExternalIdentity> WithProfileAsync(ExternalIdentity person, string accessToken)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, google.Value.UserInfoEndpoint);
            request.Headers.Authorization = new("Bearer", accessToken);
            using var response = await Backchannel.SendAsync(request, Context.RequestAborted);
            if (!response.IsSuccessStatusCode)
                return person;
            using var json = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(Context.RequestAborted));
            // OpenID Connect Core §5.3.2: it may be somebody else's.
            return Text(json, "sub") == person.Subject
                ? person with { Name = Text(json, "name"), Picture = person.Picture ?? Text(json, "picture") }
                : person;
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or InvalidOperationException
            || (e is OperationCanceledException && !Context.RequestAborted.IsCancellationRequested))
        {
            WithoutProfile(Logger, e.GetType().Name);
            return person;
        }
    }

    static string? Text(JsonDocument json, string name) =>
        json.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    [LoggerMessage(4001, LogLevel.Warning, "Google's userinfo endpoint did not answer ({Reason}); the person stays without a name")]
    static partial void WithoutProfile(ILogger logger, string reason);
}

/// <summary>Why a sign-in at Google came to nothing: a text for the person, and a reason for the log that holds no secret.</summary>
internal sealed class GoogleFailure(string problem, string reason) : Exception(reason)
{
    /// <summary>One of <see cref="ExternalProblems"/>.</summary>
    public string Problem { get; } = problem;
}
