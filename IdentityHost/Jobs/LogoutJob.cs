using IdentityHost.Protocol.Logout;
using Quartz;

namespace IdentityHost.Jobs;

/// <summary>
/// Has one node look which logout tokens are to be posted again, or were left by a node that died. New ones need no job: the feed of revocations wakes
/// whoever posts them.
/// </summary>
[DisallowConcurrentExecution]
internal sealed class LogoutJob(LogoutDelivery delivery) : IJob
{
    public ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        delivery.Nudge();
        return ValueTask.CompletedTask;
    }
}
