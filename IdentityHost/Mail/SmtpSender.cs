using System.Net;
using System.Net.Mail;
using System.Net.Mime;
using System.Text;
using Microsoft.Extensions.Options;

namespace IdentityHost.Mail;

/// <summary>What a server made of a mail.</summary>
/// <param name="Error">Null when it took the mail; else what it said.</param>
/// <param name="IsFinal">There is no such recipient: trying again would only harm our name with the server.</param>
internal readonly record struct SendResult(string? Error, bool IsFinal)
{
    public static SendResult Sent => default;
}

/// <summary>Hands one mail to the SMTP server (RFC 5321), over a connection of its own: what goes wrong with one says nothing about the next.</summary>
internal sealed class SmtpSender(IOptions<SmtpOptions> options, Issuer issuer)
{
    readonly SmtpOptions _options = options.Value;

    public async Task<SendResult> SendAsync(OutgoingMail mail, CancellationToken cancellationToken)
    {
        try
        {
            // SmtpClient waits synchronously for much that the server says, whichever of its methods is called. So it has a thread of its own: a few servers
            // that are slow to answer would hold those that requests need (measured: thirty mails stopped a node for fifteen seconds).
            await Task.Factory.StartNew(() => Send(mail), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
                .WaitAsync(_options.Timeout, cancellationToken);
            return SendResult.Sent;
        }
        catch (TimeoutException)
        {
            return new SendResult($"The server did not answer within {_options.Timeout}.", IsFinal: false);
        }
        catch (SmtpFailedRecipientException refused)
        {
            return new SendResult($"{(int)refused.StatusCode}: {refused.Message}", IsFinal: (int)refused.StatusCode >= 500);
        }
        catch (SmtpException failure)
        {
            var cause = failure.InnerException?.Message;
            return new SendResult($"{(int)failure.StatusCode}: {failure.Message} {cause}".TrimEnd(), IsFinal: false);
        }
        catch (Exception unusable) when (unusable is FormatException or ArgumentException)
        {
            // An address that is none, or a line break in a header.
            return new SendResult(unusable.Message, IsFinal: true);
        }
    }

    void Send(OutgoingMail mail)
    {
        using var message = Compose(mail);
        // A little more than is waited for, so that a thread which nobody waits for any more ends.
        using var client = new SmtpClient(_options.Host, _options.Port) { EnableSsl = _options.UseTls, Timeout = (int)(_options.Timeout.TotalMilliseconds * 1.5) };
        if (_options.UserName.Length > 0)
            client.Credentials = new NetworkCredential(_options.UserName, _options.Password);
        client.Send(message);
    }

    MailMessage Compose(OutgoingMail mail)
    {
        var message = new MailMessage(new MailAddress(_options.From), new MailAddress(mail.To))
        {
            Subject = mail.Subject,
            SubjectEncoding = Encoding.UTF8,
            HeadersEncoding = Encoding.UTF8,
        };
        // The same at every try, so that a server which took it twice shows it once.
        message.Headers.Add("Message-ID", string.Create(null, $"<{mail.Id}.{mail.CreatedAt.Ticks}@{issuer.Uri.IdnHost.Trim('[', ']')}>"));
        // RFC 3834 §5: no answers from holidays.
        message.Headers.Add("Auto-Submitted", "auto-generated");
        message.AlternateViews.Add(View(mail.Text, MediaTypeNames.Text.Plain));
        message.AlternateViews.Add(View(mail.Html, MediaTypeNames.Text.Html));
        return message;
    }

    static AlternateView View(string content, string mediaType)
    {
        var view = AlternateView.CreateAlternateViewFromString(content, Encoding.UTF8, mediaType);
        view.TransferEncoding = TransferEncoding.QuotedPrintable;
        return view;
    }
}
