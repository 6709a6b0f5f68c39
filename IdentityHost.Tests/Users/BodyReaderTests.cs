using System.Text;
using IdentityHost.Users.Api;
using IdentityHost.Users.Api.Bodies;
using Microsoft.AspNetCore.Http;

namespace IdentityHost.Tests.Users;

/// <summary>SECURITY.md 141, 168, 198, 199: a hostile body is refused with a reason, whatever its form.</summary>
public sealed class BodyReaderTests
{
    const string Json = "application/json";
    const string Form = "application/x-www-form-urlencoded";
    static readonly IReadOnlySet<string> Allowed = new HashSet<string> { "username", "password", "name", "weight" };

    [Theory]
    [InlineData(Json, """{"username":"aan","nama":"Aan","weight":"60"}""")]
    [InlineData("application/json; charset=utf-8", """{"username":"aan","name":"\u0041an","weight":60}""")]
    [InlineData(Form, "username=aan&nama=A%61n&weight=60")]
    [InlineData("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\naan\r\n--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nAan\r\n--x\r\nContent-Disposition: form-data; name=\"weight\"\r\n\r\n60\r\n--x--\r\n")]
    public async Task Read_EveryForm_GivesTheSameMembers(string type, string body)
    {
        var (members, error) = await ReadAsync(type, body);
        Assert.Null(error);
        Assert.Equal("aan", members!.Text("username"));
        Assert.Equal("Aan", members.Text("name"));
        Assert.Equal(60m, members.Decimal("weight"));
        Assert.False(members.Has("password"));
        Assert.Null(members.Error);
    }

    [Theory]
    [InlineData(Json, "")]
    [InlineData(Json, "{")]
    [InlineData(Json, "[]")]
    [InlineData(Json, "null")]
    [InlineData(Json, """{"username":"a"} x""")]
    [InlineData(Json, """{"username":"a",}""")]
    [InlineData(Json, """{"username":"a","username":"b"}""")]
    [InlineData(Json, """{"name":"a","nama":"b"}""")]
    [InlineData(Json, """{"username":["a"]}""")]
    [InlineData(Json, """{"username":{"a":1}}""")]
    [InlineData(Json, """{"username":"a\u0000b"}""")]
    [InlineData(Json, """{"username":"\ud800"}""")]
    [InlineData(Form, "username=a&username=b")]
    [InlineData(Form, "username=%ff")]
    [InlineData(Form, "username=%2")]
    [InlineData(Form, "username=a%00b")]
    [InlineData("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data\r\n\r\naan\r\n--x--\r\n")]
    [InlineData("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"username\"; filename=\"a\"\r\n\r\naan\r\n--x--\r\n")]
    [InlineData("multipart/form-data; boundary=x", "no parts at all")]
    public async Task Read_Malformed_IsInvalidRequest(string type, string body) => Assert.Equal("invalid_request", (await ReadAsync(type, body)).Error?.Code);

    [Fact]
    public async Task Read_DepthAndBadBytes_AreInvalidRequest()
    {
        var deep = """{"username":""" + new string('[', 1000) + new string(']', 1000) + "}";
        Assert.Equal("invalid_request", (await ReadAsync(Json, deep)).Error?.Code);
        Assert.Equal("invalid_request", (await ReadAsync(Json, [.. "{\"username\":\""u8, 0xff, 0xfe, .. "\"}"u8])).Error?.Code);
        Assert.Equal("invalid_request", (await ReadAsync(Json, Encoding.Unicode.GetBytes("""{"username":"a"}"""))).Error?.Code);
    }

    [Theory]
    [InlineData("application/json; charset=utf-16")]
    [InlineData("text/plain")]
    [InlineData("application/xml")]
    [InlineData("multipart/form-data")]
    [InlineData("nonsense")]
    [InlineData(null)]
    public async Task Read_OtherTypes_AreUnsupported(string? type) => Assert.Equal("unsupported_media_type", (await ReadAsync(type, "{}")).Error?.Code);

    [Fact]
    public async Task Read_Compressed_IsUnsupported()
    {
        var context = Context(Json, "{}"u8.ToArray());
        context.Request.Headers.ContentEncoding = "gzip";
        Assert.Equal("unsupported_media_type", (await BodyReader.ReadAsync(context, Allowed)).Error?.Code);
    }

    [Theory]
    [InlineData("role")]
    [InlineData("id")]
    [InlineData("email_verified")]
    [InlineData("passwordHash")]
    [InlineData("Username")]
    public async Task Read_UnknownMember_IsNamed(string name)
    {
        var (_, error) = await ReadAsync(Json, $$"""{"username":"aan","{{name}}":1}""");
        Assert.Equal("unknown_field", error?.Code);
        Assert.Equal(name, Assert.Single(error!.Fields).Field);
        Assert.Equal("unknown_field", (await ReadAsync(Form, $"username=aan&{name}=1")).Error?.Code);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Read_AboveTheLimit_IsTooLarge(bool announced)
    {
        var context = Context(Json, new byte[BodyReader.Limit + 1]);
        if (!announced)
            context.Request.ContentLength = null;
        Assert.Equal("too_large", (await BodyReader.ReadAsync(context, Allowed)).Error?.Code);
    }

    [Theory]
    [InlineData("1e309")]
    [InlineData("18446744073709551616000000000000000")]
    [InlineData("\"NaN\"")]
    [InlineData("\"60,5\"")]
    [InlineData("true")]
    public async Task Decimal_NoDecimal_IsOutOfEveryRange(string value)
    {
        var (members, _) = await ReadAsync(Json, $$"""{"weight":{{value}}}""");
        Assert.NotNull(IdentityHost.Users.AccountRules.Weight(members!.Decimal("weight")));
    }

    [Fact]
    public async Task Text_OfAnotherType_IsCollected()
    {
        var (members, _) = await ReadAsync(Json, """{"username":5}""");
        Assert.Null(members!.Text("username"));
        Assert.Equal("invalid_request", members.Error?.Code);
    }

    static Task<(Members? Members, ApiError? Error)> ReadAsync(string? type, string body) => ReadAsync(type, Encoding.UTF8.GetBytes(body));

    static Task<(Members? Members, ApiError? Error)> ReadAsync(string? type, byte[] body) => BodyReader.ReadAsync(Context(type, body), Allowed);

    static DefaultHttpContext Context(string? type, byte[] body)
    {
        var context = new DefaultHttpContext();
        context.Request.Method = "POST";
        context.Request.ContentType = type;
        context.Request.ContentLength = body.Length;
        context.Request.Body = new MemoryStream(body);
        return context;
    }
}
