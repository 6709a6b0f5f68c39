using System.Text.Json;
using IdentityHost.Protocol;
using IdentityHost.Protocol.Clients;
using IdentityHost.Protocol.Endpoints;
using IdentityHost.Protocol.Grants;
using IdentityHost.Users;
using IdentityHost.Users.Api;
using IdentityHost.Users.Api.Bodies;
using IdentityHost.Users.Endpoints;

namespace IdentityHost.SignIn.Endpoints;

/// <summary>
/// <c>POST /users/login</c> and its aliases: the password grant on the built-in public client, with the users API's envelope. Same door, same
/// limits, same tokens.
/// </summary>
internal sealed class LoginEndpoint(Applications applications, TokenEndpoint tokens, UserReads users) : ILoginAtUser
{
    static readonly IReadOnlySet<string> Allowed =
        new HashSet<string>(StringComparer.Ordinal) { "username", "email", "password", "new_password" }.AsReadOnly();

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/users/login", HandleAsync);
        routes.MapPost("/auth/login", HandleAsync);
    }

    /// <summary>Seed 002 posts its login to <c>/user</c>; the body has been read there.</summary>
    public async Task<IResult> LoginAsync(HttpContext context, Members members)
    {
        var identifier = members.Has("username") ? members.RequiredText("username") : members.RequiredText("email");
        var password = members.RequiredText("password");
        var newPassword = members.Text("new_password");
        if (members.Error is { } malformed)
            return ApiResult.Error(malformed);
        if (await applications.FindAsync(DeclaredApplications.BuiltIn, context.RequestAborted) is not { Enabled: true } application)
            return ApiResult.Error(ApiErrors.Forbidden with { Message = "login_closed" });

        var parameters = FormParameters.Of(
            ("grant_type", GrantTypeNames.Password), ("username", identifier), ("password", password), ("new_password", newPassword));
        var answered = await tokens.AnswerAsync(
            application.Client, parameters, RequestOrigin.Address(context), RequestOrigin.UserAgent(context), context.RequestAborted);
        if (answered.Failed(out var refusal, out var answer))
            return ApiResult.Error(ErrorOf(refusal));

        // Deleted between the two statements: then the token is dead as well.
        if (await users.FindAsync(answer.Subject!.Id, context.RequestAborted) is not { } user)
            return ApiResult.Error(ApiErrors.InvalidCredentials);
        var body = UserBody.Of(user, context);
        return ApiResult.Success(
            "logged_in",
            writer => WriteData(writer, answer, body),
            more: writer => writer.WriteString("token", answer.AccessToken.Token));
    }

    static async Task<IResult> HandleAsync(HttpContext context, LoginEndpoint endpoint)
    {
        var (members, error) = await BodyReader.ReadAsync(context, Allowed);
        return members is null ? ApiResult.Error(error!) : await endpoint.LoginAsync(context, members);
    }

    /// <summary>The token under each name that a seed's client reads (000, 003, 004), and the user as 003 and as 002 have it.</summary>
    static void WriteData(Utf8JsonWriter writer, TokenAnswer answer, UserBody user)
    {
        writer.WriteStartObject();
        writer.WriteString("token", answer.AccessToken.Token);
        writer.WriteString("access_token", answer.AccessToken.Token);
        if (answer.RefreshToken is not null)
            writer.WriteString("refresh_token", answer.RefreshToken);
        writer.WriteString("token_type", "Bearer");
        writer.WriteNumber("expires_in", (long)answer.AccessToken.ExpiresIn.TotalSeconds);
        writer.WriteString("scope", string.Join(' ', answer.Scopes));
        writer.WritePropertyName("user");
        JsonSerializer.Serialize(writer, user, UserJson.Default.UserBody);
        writer.WritePropertyName("data");
        JsonSerializer.Serialize(writer, user, UserJson.Default.UserBody);
        writer.WriteEndObject();
    }

    static ApiError ErrorOf(ProtocolError refusal) => refusal switch
    {
        { Status: StatusCodes.Status429TooManyRequests, RetryAfter: { } wait } => ApiErrors.TooManyRequests(wait),
        { Status: StatusCodes.Status503ServiceUnavailable, RetryAfter: { } wait } => ApiErrors.Unavailable(wait),
        { ErrorCode: "account_disabled" } => ApiErrors.AccountDisabled,
        { ErrorCode: "email_not_confirmed" } => ApiErrors.EmailNotConfirmed,
        { ErrorCode: "password_change_required" } => ApiErrors.PasswordChangeRequired,
        { ErrorCode: "weak_password" } => ApiErrors.WeakPassword,
        _ => ApiErrors.InvalidCredentials,
    };
}
