using Npgsql;

namespace IdentityHost.Data;

/// <summary>Makes data sources of a connection string that names one server or several, of which one at a time is the primary.</summary>
internal static class DataSources
{
    /// <summary>
    /// Of several hosts the primary is used, whether or not the string says <c>Target Session Attributes</c>: everything here writes. The driver takes
    /// the attribute in a plain connection only, not in a data source of several hosts.
    /// </summary>
    public static NpgsqlDataSource Build(NpgsqlDataSourceBuilder builder)
    {
        var settings = builder.ConnectionStringBuilder;
        if (settings.Host?.Contains(',', StringComparison.Ordinal) != true)
            return builder.Build();
        var readWrite = string.Equals(settings.TargetSessionAttributes, "read-write", StringComparison.OrdinalIgnoreCase);
        settings.TargetSessionAttributes = null;
        return builder.BuildMultiHost().WithTargetSession(readWrite ? TargetSessionAttributes.ReadWrite : TargetSessionAttributes.Primary);
    }
}
