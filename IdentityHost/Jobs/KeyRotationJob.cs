using IdentityHost.Protocol.Keys;
using Quartz;

namespace IdentityHost.Jobs;

/// <summary>Announces the successor of a signing key that comes to its end, and deletes keys whose tokens have all expired.</summary>
[DisallowConcurrentExecution]
internal sealed class KeyRotationJob(KeyRotation rotation) : IJob
{
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) => await rotation.RunAsync(cancellationToken);
}
