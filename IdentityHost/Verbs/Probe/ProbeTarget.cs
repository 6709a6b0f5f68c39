using System.Net;
using System.Net.Http.Headers;

namespace IdentityHost.Verbs.Probe;

/// <summary>How an API answered.</summary>
/// <param name="Status">The HTTP status; 0 where there was no answer.</param>
internal readonly record struct ProbeAnswer(int Status)
{
    public bool Accepted => Status is >= 200 and < 300;

    /// <summary>It says no as RFC 6750 §3.1 has it.</summary>
    public bool Refused => Status is 400 or 401 or 403;

    public override string ToString() => Status == 0 ? "no answer" : Status.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>The address that is probed. Tokens are sent there that are good for a while, so it must be this machine, or one that the operator has named.</summary>
internal sealed class ProbeTarget : IDisposable
{
    /// <summary>Setting: hosts beside this machine that may be probed.</summary>
    public const string AllowedHostsKey = "Probe:AllowedHosts";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false }) { Timeout = Patience };
    readonly Uri _address;

    public ProbeTarget(Uri address) => _address = address;

    /// <summary>Why tokens must not be sent there, with the fix; null if they may.</summary>
    public static string? Fault(string text, IConfiguration configuration)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            return $"'{text}' is not the address of an API: probe http://localhost:5200/orders";
        if (address.IsLoopback)
            return null;
        var allowed = configuration.GetSection(AllowedHostsKey).Get<string[]>() ?? [];
        if (!allowed.Contains(address.IdnHost, StringComparer.OrdinalIgnoreCase))
            return $"{address.IdnHost} is not this machine, and is not named in {AllowedHostsKey}: tokens that are good for two minutes are sent there.";
        return address.Scheme == "https" ? null : $"{address.IdnHost} is not this machine: use https.";
    }

    public async Task<ProbeAnswer> SendAsync(string? token, bool inQuery, CancellationToken cancellationToken)
    {
        var address = inQuery ? new UriBuilder(_address) { Query = $"{_address.Query.TrimStart('?')}&access_token={token}".TrimStart('&') }.Uri : _address;
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        if (token is not null && !inQuery)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        try
        {
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return new ProbeAnswer((int)response.StatusCode);
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return default;
        }
    }

    /// <summary>Sends until the answer is as wished, or the time is over. Returns the last answer.</summary>
    public async Task<ProbeAnswer> UntilAsync(string token, Func<ProbeAnswer, bool> wished, TimeSpan within, CancellationToken cancellationToken)
    {
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        while (true)
        {
            var answer = await SendAsync(token, inQuery: false, cancellationToken);
            if (wished(answer) || System.Diagnostics.Stopwatch.GetElapsedTime(began) >= within)
                return answer;
            await Task.Delay(TimeSpan.FromMilliseconds(50), cancellationToken);
        }
    }

    public void Dispose() => _client.Dispose();
}
