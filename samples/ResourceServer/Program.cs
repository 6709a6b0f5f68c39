using IdentityHost.ResourceServer;

// An API whose tokens the host issues: dotnet run --project samples/ResourceServer, while `dotnet run` serves in another window.
var builder = WebApplication.CreateBuilder(args);
builder.Services.AddAuthorization();
builder.Services.AddAuthentication().AddIdentityHostBearer(builder.Configuration.GetSection("IdentityHost").Bind);

var app = builder.Build();
app.MapGet("/", () => "GET /orders wants a token with the scope users:self.");
app.MapGet("/orders", (HttpContext http) => new
{
    customer = http.Features.Get<IAccessTokenFeature>()!.Token.Subject,
    orders = (string[])["a lamp", "two chairs"],
}).RequireScope("users:self");
await app.RunAsync();
