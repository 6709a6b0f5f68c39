namespace IdentityHost.Tests.Support;

/// <summary><c>dotnet test --filter Case=example</c> runs the one test of this class.</summary>
public sealed class CaseAttributeTests
{
    [Fact]
    [Case("example")]
    [Case(0)]
    public void A_test_is_found_by_each_case_it_names()
    {
        var cases = TestContext.Current.TestCase!.Traits["Case"];
        Assert.Equal(["0", "example"], cases.Order(StringComparer.Ordinal));
    }
}
