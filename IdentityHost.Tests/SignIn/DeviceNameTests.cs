using IdentityHost.SignIn.Browser;

namespace IdentityHost.Tests.SignIn;

/// <summary>What people read of a User-Agent.</summary>
public sealed class DeviceNameTests
{
    [Theory]
    [InlineData("Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", "Firefox, Linux")]
    [InlineData("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0", "Edge, Windows")]
    [InlineData("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36", "Chrome, Android")]
    [InlineData("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1", "Safari, iPhone")]
    [InlineData("curl/7.88.1", "curl")]
    [InlineData("okhttp", "okhttp")]
    [InlineData("/", "/")]
    [InlineData("  ", "")]
    [InlineData(null, "")]
    public void Is_short_and_known(string? userAgent, string name) => Assert.Equal(name, DeviceName.Of(userAgent));
}
