using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace IdentityHost.Data;

/// <summary>Lets `dotnet ef migrations add` build the model without starting the host or reaching a database.</summary>
internal sealed class DesignTimeContext : IDesignTimeDbContextFactory<HostDbContext>
{
    public HostDbContext CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<HostDbContext>().UseNpgsql("Host=design-time").Options);
}
