using IdentityHost.Users.Api;
using IdentityHost.Users.Api.Bodies;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace IdentityHost.Users.Endpoints;

/// <summary><c>POST /users/register</c> and the other doors of registration that the seeds use.</summary>
internal sealed class RegisterEndpoint(Accounts accounts, IOptions<UsersOptions> options)
{
    static readonly IReadOnlySet<string> Allowed =
        new HashSet<string>(StringComparer.Ordinal) { "username", "password", "email", "name", "weight", "height" };

    /// <summary>Without a token and a password it is the other operation of the path that was meant, and the token that is missing.</summary>
    static readonly IReadOnlySet<string> AllowedAtUsers = new HashSet<string>(Allowed, StringComparer.Ordinal) { "role", "status" };

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/users/register", RegisterAsync);
        routes.MapPost("/auth/register", RegisterAsync);
        routes.MapPost("/users", PostUsersAsync);
        routes.MapPost("/user", PostUserAsync);
    }

    static async Task<IResult> RegisterAsync(HttpContext context, RegisterEndpoint endpoint)
    {
        var (members, error) = await BodyReader.ReadAsync(context, Allowed);
        return members is null ? ApiResult.Error(error!) : await endpoint.AnswerAsync(context, members);
    }

    /// <summary>Without an Authorization header and with a password: registration (seed 004). Anything else needs the right to manage users.</summary>
    static async Task<IResult> PostUsersAsync(HttpContext context, RegisterEndpoint endpoint, CreateUserEndpoint creation)
    {
        if (context.Request.Headers.Authorization.Count > 0)
            return await creation.CreateAsync(context);
        var (members, refusal) = await ReadAsync(context);
        return members is null ? refusal! : await endpoint.AnswerAsync(context, members);
    }

    /// <summary>As <see cref="PostUsersAsync"/>; without a username it is seed 002's login, for whoever answers sign-ins.</summary>
    static async Task<IResult> PostUserAsync(HttpContext context, RegisterEndpoint endpoint, CreateUserEndpoint creation, IServiceProvider services)
    {
        if (context.Request.Headers.Authorization.Count > 0)
            return await creation.CreateAsync(context);
        var (members, refusal) = await ReadAsync(context);
        if (members is null)
            return refusal!;
        if (!members.Has("username") && services.GetService<ILoginAtUser>() is { } login)
            return await login.LoginAsync(context, members);
        return await endpoint.AnswerAsync(context, members);
    }

    static async Task<(Members? Members, IResult? Refusal)> ReadAsync(HttpContext context)
    {
        var (members, error) = await BodyReader.ReadAsync(context, AllowedAtUsers);
        if (members is null)
            return (null, ApiResult.Error(error!));
        if (!members.Has("password"))
            return (null, Results.Challenge());
        FieldError[] privileged = [.. AllowedAtUsers.Except(Allowed).Where(members.Has).Select(name => new FieldError(name, "field_unknown", name))];
        return privileged.Length == 0 ? (members, null) : (null, ApiResult.Error(ApiErrors.UnknownField with { Fields = privileged }));
    }

    async Task<IResult> AnswerAsync(HttpContext context, Members members)
    {
        if (!options.Value.SelfRegistration)
            return ApiResult.Error(ApiErrors.Forbidden with { Message = "registration_closed" });
        var registration = new Registration(
            members.Text("username"), members.Text("password"), Optional(members, "email"), Optional(members, "name"), members.Decimal("weight"), members.Decimal("height"));
        if (members.Error is { } malformed)
            return ApiResult.Error(malformed);
        var actor = new Actor(null, null, context.Connection.RemoteIpAddress?.ToString());
        var (user, refusal) = await accounts.RegisterAsync(registration, actor, context.RequestAborted);
        if (user is null)
            return ApiResult.Error(refusal!);
        context.Response.Headers.ETag = VersionCondition.ETag(user.Version);
        return ApiResult.Success("registered", UserBody.Of(UserView.Of(user), context), UserJson.Default.UserBody, StatusCodes.Status201Created);
    }

    /// <summary>An empty field of a form says nothing.</summary>
    static string? Optional(Members members, string name) => members.Text(name) is { Length: > 0 } text ? text : null;
}

/// <summary>
/// <c>POST /user</c> without a username is seed 002's login. Signing in is not the business of this folder, so whoever does it registers this.
/// </summary>
internal interface ILoginAtUser
{
    /// <param name="context">The request; its body has been read.</param>
    /// <param name="members">A password and whatever else registration takes; no username.</param>
    Task<IResult> LoginAsync(HttpContext context, Members members);
}
