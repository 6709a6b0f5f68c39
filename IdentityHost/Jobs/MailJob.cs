using IdentityHost.Mail;
using Quartz;

namespace IdentityHost.Jobs;

/// <summary>Hands the mail in the outbox to the server. A run lasts while there is something to send.</summary>
[DisallowConcurrentExecution]
internal sealed class MailJob(MailDelivery delivery) : IJob
{
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) => await delivery.RunAsync(cancellationToken);
}
