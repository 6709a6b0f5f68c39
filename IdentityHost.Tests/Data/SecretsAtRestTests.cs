using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using IdentityHost.Tests.Data.KeyRing;
using IdentityHost.Tests.Support;
using Microsoft.AspNetCore.DataProtection;

namespace IdentityHost.Tests.Data;

/// <summary>What a stolen dump of the database gives away.</summary>
public sealed class SecretsAtRestTests(WrappedHost host, TestPostgres postgres) : IClassFixture<WrappedHost>
{
    const string ServiceSecret = "demo-service-secret-for-development-only";

    [Fact]
    [Case(208)]
    public async Task A_dump_after_every_flow_holds_no_secret_that_was_used_or_issued()
    {
        var secrets = new List<(string What, string Value)> { ("client secret", ServiceSecret), ("seed password", HostFixture.AdminPassword), ("password", BackChannel.Password) };
        var (username, id) = await host.Client.RegisterAsync();

        await KeepTokenAsync(secrets, host.Client.PasswordGrantAsync(username, BackChannel.Password, ("scope", "users:self")));
        await KeepTokenAsync(secrets, host.Client.PasswordGrantAsync(HostFixture.AdminName, HostFixture.AdminPassword));
        await KeepTokenAsync(secrets, ServiceTokenAsync());
        secrets.Add(("client's Authorization header", Basic));
        using (await host.Client.TokenAsync(("grant_type", "client_credentials"), ("client_id", "demo-service"), ("client_secret", "wrong-" + ServiceSecret)))
        {
        }
        var login = await KeepTokenAsync(secrets, host.Client.CallAsync(
            HttpMethod.Post, "/users/login", null, new { username, password = BackChannel.Password }));
        using (await host.Client.CallAsync(HttpMethod.Delete, "/users/logout", login))
        {
        }

        // A wrong password, and one typed where the name belongs.
        foreach (var (name, password) in new[] { (username, "mistyped but close to it"), ("a password in the wrong field", "and nothing here"), ("nobody-at-all", "of somebody unknown") })
        {
            using var refused = await host.Client.PasswordGrantAsync(name, password);
            Assert.False(refused.IsSuccessStatusCode);
            secrets.Add(("wrong password", password));
        }
        secrets.Add(("password as name", "a password in the wrong field"));

        const string Chosen = "another place by the sea";
        await host.ExecuteAsync("UPDATE users SET must_change_password = true WHERE id = $1", id);
        await KeepTokenAsync(secrets, host.Client.PasswordGrantAsync(username, BackChannel.Password, ("new_password", Chosen)));
        secrets.Add(("new password", Chosen));

        secrets.AddRange(await SigningKeyAsync());
        secrets.AddRange(Spellings("ring key", Convert.FromBase64String(await File.ReadAllTextAsync(host.KeyFile))));

        var dump = await postgres.DumpAsync(host.ConnectionString);
        // The needle finds what is there, in each form that a dump writes.
        Assert.Contains(username, dump, StringComparison.OrdinalIgnoreCase);
        var found = secrets.SelectMany(s => Forms(s.What, s.Value)).Where(s => dump.Contains(s.Value, StringComparison.OrdinalIgnoreCase)).Select(s => s.What);
        Assert.Empty(found);
    }

    /// <summary>Identity's format 3: 0x01, PRF, rounds, length of the salt, salt, subkey (big-endian).</summary>
    [Fact]
    [Case(210)]
    public async Task Passwords_are_PBKDF2_SHA512_with_210000_rounds_and_a_salt_each()
    {
        var (first, _) = await host.Client.RegisterAsync();
        await host.Client.RegisterAsync();
        var hashes = await host.ScalarAsync<string[]>("SELECT array_agg(password_hash) FROM users WHERE password_hash IS NOT NULL");
        Assert.True(hashes!.Length >= 3);
        foreach (var hash in hashes.Select(Convert.FromBase64String))
        {
            Assert.Equal(0x01, hash[0]);
            Assert.Equal(2u, BinaryPrimitives.ReadUInt32BigEndian(hash.AsSpan(1)));
            Assert.InRange(BinaryPrimitives.ReadUInt32BigEndian(hash.AsSpan(5)), 210_000u, uint.MaxValue);
            Assert.InRange(BinaryPrimitives.ReadUInt32BigEndian(hash.AsSpan(9)), 16u, 64u);
            Assert.Equal(13 + 16 + 32, hash.Length);
        }
        // Two people with one password have nothing in common.
        Assert.Equal(hashes.Length, hashes.Select(h => Convert.ToHexString(Convert.FromBase64String(h), 13, 16)).Distinct().Count());

        // And the rows are what they claim: the same derivation, done here, gives the stored subkey.
        var stored = Convert.FromBase64String((await host.ScalarAsync<string>("SELECT password_hash FROM users WHERE user_name = $1", first))!);
        var derived = Rfc2898DeriveBytes.Pbkdf2(
            BackChannel.Password, stored.AsSpan(13, 16), (int)BinaryPrimitives.ReadUInt32BigEndian(stored.AsSpan(5)), HashAlgorithmName.SHA512, 32);
        Assert.Equal(derived, stored[29..]);
    }

    [Fact]
    [Case(210)]
    public async Task An_old_hash_is_replaced_at_the_next_sign_in()
    {
        var (username, id) = await host.Client.RegisterAsync();
        var salt = RandomNumberGenerator.GetBytes(16);
        var old = new byte[61];
        old[0] = 0x01;
        BinaryPrimitives.WriteUInt32BigEndian(old.AsSpan(1), 2);
        BinaryPrimitives.WriteUInt32BigEndian(old.AsSpan(5), 100_000);
        BinaryPrimitives.WriteUInt32BigEndian(old.AsSpan(9), 16);
        salt.CopyTo(old, 13);
        Rfc2898DeriveBytes.Pbkdf2(BackChannel.Password, salt, 100_000, HashAlgorithmName.SHA512, 32).CopyTo(old, 29);
        await host.ExecuteAsync("UPDATE users SET password_hash = $2 WHERE id = $1", id, Convert.ToBase64String(old));

        await host.Client.AccessTokenAsync(username);

        var now = Convert.FromBase64String((await host.ScalarAsync<string>("SELECT password_hash FROM users WHERE id = $1", id))!);
        Assert.Equal(210_000u, BinaryPrimitives.ReadUInt32BigEndian(now.AsSpan(5)));
        await host.Client.AccessTokenAsync(username);
    }

    static async Task<string> KeepTokenAsync(List<(string, string)> secrets, Task<HttpResponseMessage> asked)
    {
        using var response = await asked;
        var body = await response.JsonAsync();
        Assert.True(response.IsSuccessStatusCode, body.ToJsonString());
        var token = (body["access_token"] ?? body["token"])!.GetValue<string>();
        secrets.Add(("access token", token));
        secrets.Add(("payload of a token", token.Split('.')[1]));
        secrets.Add(("signature of a token", token.Split('.')[2]));
        return token;
    }

    static string Basic => Convert.ToBase64String(Encoding.ASCII.GetBytes($"demo-service:{ServiceSecret}"));

    Task<HttpResponseMessage> ServiceTokenAsync() => host.Client.SendAsync(new HttpRequestMessage(HttpMethod.Post, "/connect/token")
    {
        Headers = { { "Authorization", "Basic " + Basic } },
        Content = new FormUrlEncodedContent([new("grant_type", "client_credentials")]),
    });

    async Task<IEnumerable<(string, string)>> SigningKeyAsync()
    {
        var column = (await host.ScalarAsync<byte[]>("SELECT protected_private_key FROM signing_keys WHERE algorithm = 'ES256'"))!;
        var pkcs8 = host.Nodes[0].Service<IDataProtectionProvider>().CreateProtector("IdentityHost.SigningKeys").Unprotect(column);
        using var ecdsa = ECDsa.Create();
        ecdsa.ImportPkcs8PrivateKey(pkcs8, out _);
        return [.. Spellings("PKCS#8", pkcs8), .. Spellings("d", ecdsa.ExportParameters(includePrivateParameters: true).D!)];
    }

    /// <summary>Bytes as text, in the ways they are usually written.</summary>
    static IEnumerable<(string What, string Value)> Spellings(string what, byte[] bytes) =>
        [(what, Convert.ToBase64String(bytes)), (what, Base64Url.EncodeToString(bytes)), (what, Convert.ToHexString(bytes))];

    /// <summary>A text as it is, and as pg_dump writes it where the column is bytea or holds base64.</summary>
    static IEnumerable<(string What, string Value)> Forms(string what, string value) =>
        [(what, value), (what + " in hex", Convert.ToHexString(Encoding.UTF8.GetBytes(value))), (what + " in base64", Convert.ToBase64String(Encoding.UTF8.GetBytes(value)).TrimEnd('='))];
}
