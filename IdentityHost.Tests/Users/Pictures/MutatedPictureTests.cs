using System.Net;
using System.Net.Http.Headers;
using IdentityHost.Tests.Races;
using IdentityHost.Tests.Support;
using IdentityHost.Users.Pictures;
using static IdentityHost.Tests.Users.Pictures.SamplePictures;

namespace IdentityHost.Tests.Users.Pictures;

/// <summary>Without a limit on how many pictures one person sends.</summary>
public sealed class ManyPicturesHost(TestPostgres postgres) : HostFixture(postgres)
{
    protected override IEnumerable<KeyValuePair<string, string?>> Settings => [new("RateLimits:Pictures:Permits", "1000000")];
}

/// <summary>
/// Valid pictures with something broken in them: each is refused or written anew, and never a failure of the server. 5,000 with
/// <c>IDENTITYHOST_FULL=true</c>, a fifth of them over HTTP.
/// </summary>
public sealed class MutatedPictureTests(ManyPicturesHost host) : IClassFixture<ManyPicturesHost>
{
    static int Count => RaceHost.Full ? 5000 : 600;

    static IReadOnlyList<byte[]> Samples =>
    [
        Png(), Png(colorType: 3, depth: 4), Png(colorType: 2, depth: 16, interlaced: true, between: Chunk("tRNS", [0, 1, 0, 2, 0, 3])),
        Png(width: 64, height: 64, colorType: 0, depth: 1, between: [Chunk("gAMA", [0, 0, 0xb1, 0x8f]), Chunk("tEXt", new byte[100])]),
        Jpeg, ProgressiveJpeg, JpegWith(Segment(0xe1, Exif(6, "somewhere")), Segment(0xee, [.. "Adobe"u8, 0, 100, 0, 0, 0, 0, 1])),
    ];

    [Fact, Case(181)]
    public void Mutated_pictures_are_refused_or_written_anew_in_little_memory()
    {
        var (clean, refused) = (0, 0);
        for (var seed = 0; seed < Count; seed++)
        {
            var file = Mutate(seed);
            var allocated = PictureRewriterTests.Allocated(() =>
            {
                try
                {
                    var first = PictureRewriter.Rewrite(file);
                    clean++;
                    MustBeClean(first.Bytes, seed);
                }
                catch (InvalidPictureException)
                {
                    refused++;
                }
            });
            Assert.True(allocated < 20_000_000, $"seed {seed}: {allocated} bytes");
        }
        // Else the mutations were too coarse or too fine to show anything.
        Assert.True(clean > Count / 20 && refused > Count / 20, $"{clean} clean, {refused} refused");
    }

    [Fact, Case(181)]
    public async Task Mutated_pictures_are_never_an_error_of_the_server()
    {
        var (username, id) = await host.Client.RegisterAsync();
        var token = await host.Client.AccessTokenAsync(username);
        for (var seed = 0; seed < Count / 5; seed++)
        {
            using var form = new MultipartFormDataContent();
            var part = new ByteArrayContent(Mutate(seed));
            part.Headers.ContentType = new MediaTypeHeaderValue("image/png");
            form.Add(part, "profile_picture", "me.png");
            var answer = await host.Client.AskAsync("PATCH", "/users/current", token, form);
            Assert.True(answer.Status is 200 or 422, $"seed {seed}: {answer.Status} {answer.Text}");
            if (answer.Status == 422)
            {
                answer.MustBe(422, "invalid_image");
                continue;
            }
            using var picture = await host.Client.GetAsync($"/users/{id}/picture", token);
            Assert.Equal(HttpStatusCode.OK, picture.StatusCode);
            MustBeClean(await picture.Content.ReadAsByteArrayAsync(), seed);
        }
    }

    static void MustBeClean(byte[] bytes, int seed)
    {
        Assert.All(Parts(bytes), part => Assert.Contains(part, (string[])["IHDR", "gAMA", "sRGB", "PLTE", "tRNS", "IDAT", "IEND", "e1", "ee", "db", "c0", "c1", "c2", "c4", "dd", "da", "d9"]));
        Assert.True(bytes.AsSpan().SequenceEqual(PictureRewriter.Rewrite(bytes).Bytes), $"seed {seed}: another rewrite changes it");
    }

    /// <summary>One to four changes; half of the PNGs get right checksums again, so that what is behind them is met too.</summary>
    static byte[] Mutate(int seed)
    {
        var random = new Random(seed);
        var file = Samples[random.Next(Samples.Count)].ToList();
        for (var changes = random.Next(1, 5); changes > 0 && file.Count > 4; changes--)
        {
            var at = random.Next(2, file.Count);
            var length = Math.Min(random.Next(1, 40), file.Count - at);
            switch (random.Next(7))
            {
                case 0 or 1:
                    file[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    file[at] = (byte)random.Next(256);
                    break;
                case 3:
                    file.RemoveRange(at, length);
                    break;
                case 4:
                    file.InsertRange(at, Enumerable.Range(0, length).Select(_ => (byte)random.Next(256)));
                    break;
                case 5:
                    file.InsertRange(at, file.GetRange(random.Next(0, file.Count - length + 1), length));
                    break;
                default:
                    file.RemoveRange(at, file.Count - at);
                    break;
            }
        }
        return random.Next(2) == 0 ? [.. file] : WithChecksums([.. file]);
    }

    static byte[] WithChecksums(byte[] file)
    {
        for (var i = 8; file[0] == 0x89 && i + 12 <= file.Length;)
        {
            var length = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(i));
            if (length > file.Length - i - 12)
                break;
            var crc = PngChunks.Crc(file.AsSpan(i + 4, 4 + (int)length));
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(i + 8 + (int)length), crc);
            i += 12 + (int)length;
        }
        return file;
    }
}
