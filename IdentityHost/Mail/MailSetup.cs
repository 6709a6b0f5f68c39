using IdentityHost.Data;
using Microsoft.Extensions.Options;

namespace IdentityHost.Mail;

/// <summary>
/// Owns what the host writes to people: the words, the outbox (table <c>mail</c>), and the way to the mail server. A feature adds a mail to the
/// transaction of its cause; a job delivers it. Knows no feature, and no account: whom a mail goes to is its caller's to say.
/// </summary>
internal static class MailSetup
{
    public static WebApplicationBuilder AddMail(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<SmtpOptions>().BindConfiguration(SmtpOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<SmtpOptions>, SmtpOptionsCheck>();
        services.AddSingleton<MailTemplates>();
        services.AddSingleton<MailRoute>();
        services.AddSingleton<SmtpSender>();
        services.AddSingleton<MailDelivery>();
        services.AddSingleton<DevelopmentMailbox>();
        services.AddSingleton<IStartupStep>(provider => provider.GetRequiredService<MailRoute>());
        return builder;
    }
}

/// <summary>Whether a mail that is written gets anywhere.</summary>
internal sealed class MailRoute(IOptions<SmtpOptions> smtp, IHostEnvironment environment, ILogger<MailRoute> logger) : IStartupStep
{
    /// <summary>To a server, or in Development to the page that shows it. Without one nothing is written, and pages say so.</summary>
    public bool Exists => smtp.Value.IsSet || environment.IsDevelopment();

    /// <summary>Kept for <c>/dev/mail</c>: there is no server.</summary>
    public bool IsKept => !smtp.Value.IsSet && environment.IsDevelopment();

    public Task RunAsync(CancellationToken cancellationToken)
    {
        if (!Exists)
            logger.LogWarning(
                "Mail:Smtp:Host is not set: nobody can confirm an e-mail, choose a forgotten password or change their e-mail. Set Mail:Smtp:Host and Mail:Smtp:From");
        return Task.CompletedTask;
    }
}
