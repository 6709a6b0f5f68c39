namespace IdentityHost.Data;

/// <summary>
/// Something that must be in the database before the first request: run after the migrations, in the order of registration, on one node at a
/// time (under the start-up lock). Each must be safe to run at every start.
/// </summary>
internal interface IStartupStep
{
    Task RunAsync(CancellationToken cancellationToken);
}
