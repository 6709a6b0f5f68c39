using IdentityHost.Hosting;
using IdentityHost.Protocol.Tokens;
using IdentityHost.Users;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace IdentityHost;

/// <summary>Gathers what a person should know after a start in Development and prints it.</summary>
internal static class StartFactsReader
{
    /// <summary>The password that was made for the first admin, where the start ends before <see cref="WriteAsync"/> could tell it.</summary>
    public static void TellGeneratedAdmin(WebApplication app)
    {
        if (app.Services.GetRequiredService<FirstAdmin>().Generated is { } made)
            Console.Out.WriteLine($"The first admin is {made.Username} with the password {made.Password} (made for you, shown this once).");
    }

    public static async Task WriteAsync(WebApplication app, string? dataFolder, CancellationToken cancellationToken)
    {
        await using var scope = app.Services.CreateAsyncScope();
        var made = app.Services.GetRequiredService<FirstAdmin>().Generated;
        var admin = made?.Username ?? await scope.ServiceProvider.GetRequiredService<Accounts>().FirstAdminNameAsync(cancellationToken);
        var listens = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault();
        // "Every address of this machine" is none that a person can open.
        var address = listens is null || listens.Contains("[::]", StringComparison.Ordinal) || listens.Contains("0.0.0.0", StringComparison.Ordinal)
            ? app.Services.GetRequiredService<Issuer>().Value
            : listens;
        StartText.Write(
            Console.Out,
            new StartFacts(address, admin, made?.Password, ClientId: "demo", Scope: $"{ScopeCatalog.UsersSelf} {ScopeCatalog.UsersManage}", dataFolder));
    }
}
