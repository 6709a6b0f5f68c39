using System.Net;
using System.Net.Mail;
using Microsoft.Extensions.Options;

namespace IdentityHost.Mail;

/// <summary>The section <c>Mail:Smtp</c>: the server that takes our mail.</summary>
internal sealed class SmtpOptions
{
    public const string Section = "Mail:Smtp";

    /// <summary>Empty: no mail leaves this host. Development keeps it, and shows it at <c>/dev/mail</c>.</summary>
    public string Host { get; set; } = "";

    /// <summary>587 is for submission (RFC 6409).</summary>
    public int Port { get; set; } = 587;

    public string UserName { get; set; } = "";

    public string Password { get; set; } = "";

    /// <summary>STARTTLS (RFC 3207), and no mail without it.</summary>
    public bool UseTls { get; set; } = true;

    /// <summary>The sender, as <c>id@example.com</c> or <c>Example &lt;id@example.com&gt;</c>.</summary>
    public string From { get; set; } = "";

    /// <summary>How long one mail may take.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    public bool IsSet => Host.Length > 0;
}

/// <summary>Stops the start with the key, the value and the fix.</summary>
internal sealed class SmtpOptionsCheck : IValidateOptions<SmtpOptions>
{
    public ValidateOptionsResult Validate(string? name, SmtpOptions options) =>
        options.IsSet && Fault(options) is { } fault ? ValidateOptionsResult.Fail($"{SmtpOptions.Section}:{fault}") : ValidateOptionsResult.Success;

    static string? Fault(SmtpOptions options) => options switch
    {
        { Port: < 1 or > 65535 } => $"Port is {options.Port}; it must be from 1 to 65535 (587 is the default).",
        _ when !MailAddress.TryCreate(options.From, out _) => $"From is '{options.From}', which is no address. Set it to the sender, for example id@example.com.",
        { UserName.Length: > 0, Password.Length: 0 } => "Password is empty, but UserName is set. Set both or neither.",
        { UserName.Length: > 0, UseTls: false } when !IsLoopback(options.Host) =>
            "UseTls is false: the password would be sent in clear. Set it to true, or leave UserName empty.",
        _ when options.Timeout < TimeSpan.FromSeconds(1) || options.Timeout > TimeSpan.FromMinutes(1) =>
            $"Timeout is {options.Timeout}; it must be from 00:00:01 to 00:01:00 (00:00:30 is the default).",
        _ => null,
    };

    static bool IsLoopback(string host) => host == "localhost" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}
