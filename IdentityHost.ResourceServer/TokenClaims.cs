using System.Text.Json;

namespace IdentityHost.ResourceServer;

/// <summary>The claims of a payload whose signature is proven: read by type, then judged against the rules and the clock.</summary>
ref struct TokenClaims(AccessTokenRules rules, IReadOnlyList<string> onlyUs)
{
    // The last second that DateTimeOffset can hold.
    const long LatestSecond = 253_402_300_799;

    bool _issuerSeen, _issuerRight, _audienceSeen, _audienceRight, _bound;
    long? _expires, _issued, _notBefore;
    string? _subject, _client, _id, _scope, _session, _grant;
    int? _userEpoch, _applicationEpoch, _globalEpoch;
    IReadOnlyList<string>? _roles, _audiences;

    /// <param name="json">An object that <see cref="JsonShape.IsSoundObject"/> has seen.</param>
    /// <returns><see cref="AccessTokenFailure.Malformed"/> if a known claim has the wrong type.</returns>
    public AccessTokenFailure Read(ReadOnlySpan<byte> json)
    {
        var reader = JsonShape.Reader(json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (!ReadClaim(ref reader))
            {
                return AccessTokenFailure.Malformed;
            }
        }
        return AccessTokenFailure.None;
    }

    /// <summary>Required claims, issuer, audience, times (RFC 9068 §4, RFC 7519 §4.1), in the order in which refusing says least.</summary>
    public readonly AccessTokenFailure Judge(DateTimeOffset now, string keyId, out AccessToken? token)
    {
        token = null;
        if (!_issuerSeen || !_audienceSeen || _expires is not { } expires || _issued is not { } issued
            || string.IsNullOrEmpty(_subject) || string.IsNullOrEmpty(_client) || string.IsNullOrEmpty(_id))
        {
            return AccessTokenFailure.MissingClaim;
        }
        if (!_issuerRight)
        {
            return AccessTokenFailure.WrongIssuer;
        }
        if (!_audienceRight)
        {
            return AccessTokenFailure.WrongAudience;
        }
        if (_bound)
        {
            return AccessTokenFailure.SenderConstrained;
        }
        if (expires - issued > (long)rules.MaximumLifetime.TotalSeconds)
        {
            return AccessTokenFailure.LifetimeTooLong;
        }
        var (expiresAt, issuedAt) = (DateTimeOffset.FromUnixTimeSeconds(expires), DateTimeOffset.FromUnixTimeSeconds(issued));
        // The skew is taken off the clock, not added to the claim, which may be the last second there is.
        if (now - rules.ClockSkew >= expiresAt || expires <= issued)
        {
            return AccessTokenFailure.Expired;
        }
        // Another node may have issued it by a clock that is a little ahead. An nbf is the issuer's wish and has only the configured skew.
        if (now + AccessTokenRules.LargestClockSkew < issuedAt
            || (_notBefore is { } notBefore && now + rules.ClockSkew < DateTimeOffset.FromUnixTimeSeconds(notBefore)))
        {
            return AccessTokenFailure.NotYetValid;
        }
        token = new AccessToken
        {
            Subject = _subject,
            ClientId = _client,
            TokenId = _id,
            KeyId = keyId,
            Scopes = new TokenScopes(_scope),
            SessionId = _session,
            GrantId = _grant,
            UserEpoch = _userEpoch,
            ApplicationEpoch = _applicationEpoch ?? 0,
            GlobalEpoch = _globalEpoch ?? 0,
            Roles = _roles ?? [],
            IssuedAt = issuedAt,
            ExpiresAt = expiresAt,
            Audiences = _audiences ?? onlyUs,
        };
        return AccessTokenFailure.None;
    }

    bool ReadClaim(ref Utf8JsonReader reader)
    {
        var name = reader.ValueSpan;
        reader.Read();
        switch (name.Length)
        {
            case 3 when name.SequenceEqual("iss"u8):
                _issuerSeen = true;
                _issuerRight = reader.TokenType == JsonTokenType.String && reader.ValueTextEquals(rules.Issuer);
                return reader.TokenType == JsonTokenType.String;
            case 3 when name.SequenceEqual("aud"u8):
                _audienceSeen = true;
                return ReadAudiences(ref reader);
            case 3 when name.SequenceEqual("exp"u8):
                return ReadSecond(ref reader, out _expires);
            case 3 when name.SequenceEqual("iat"u8):
                return ReadSecond(ref reader, out _issued);
            case 3 when name.SequenceEqual("nbf"u8):
                return ReadSecond(ref reader, out _notBefore);
            case 3 when name.SequenceEqual("sub"u8):
                return ReadText(ref reader, out _subject);
            case 3 when name.SequenceEqual("jti"u8):
                return ReadText(ref reader, out _id);
            case 3 when name.SequenceEqual("sid"u8):
                return ReadText(ref reader, out _session);
            case 3 when name.SequenceEqual("gid"u8):
                return ReadText(ref reader, out _grant);
            case 3 when name.SequenceEqual("uep"u8):
                return ReadEpoch(ref reader, out _userEpoch);
            case 3 when name.SequenceEqual("aep"u8):
                return ReadEpoch(ref reader, out _applicationEpoch);
            case 3 when name.SequenceEqual("gep"u8):
                return ReadEpoch(ref reader, out _globalEpoch);
            case 3 when name.SequenceEqual("cnf"u8):
                _bound = true;
                break;
            case 5 when name.SequenceEqual("scope"u8):
                return ReadText(ref reader, out _scope);
            case 5 when name.SequenceEqual("roles"u8):
                return ReadTexts(ref reader, out _roles);
            case 9 when name.SequenceEqual("client_id"u8):
                return ReadText(ref reader, out _client);
        }
        reader.Skip();
        return true;
    }

    /// <summary>One text or a list of them (RFC 7519 §4.1.3). The usual token names us alone, and then nothing is allocated.</summary>
    bool ReadAudiences(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            _audienceRight = reader.ValueTextEquals(rules.Audience);
            if (!_audienceRight && rules.AnyAudience)
            {
                (_audiences, _audienceRight) = ([reader.GetString()!], true);
            }
            return true;
        }
        if (!ReadTexts(ref reader, out _audiences))
        {
            return false;
        }
        foreach (var audience in _audiences!)
        {
            _audienceRight |= rules.AnyAudience || string.Equals(audience, rules.Audience, StringComparison.Ordinal);
        }
        return true;
    }

    /// <summary>Whole seconds that a date can hold: a text, a fraction, NaN and 1e400 are no times.</summary>
    static bool ReadSecond(ref Utf8JsonReader reader, out long? second)
    {
        second = null;
        if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var value) || value is < 0 or > LatestSecond)
        {
            return false;
        }
        second = value;
        return true;
    }

    static bool ReadEpoch(ref Utf8JsonReader reader, out int? epoch)
    {
        epoch = null;
        if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out var value) || value < 0)
        {
            return false;
        }
        epoch = value;
        return true;
    }

    static bool ReadText(ref Utf8JsonReader reader, out string? text)
    {
        text = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        return text is not null;
    }

    static bool ReadTexts(ref Utf8JsonReader reader, out IReadOnlyList<string>? texts)
    {
        texts = null;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return false;
        }
        List<string> read = [];
        while (reader.Read() && reader.TokenType == JsonTokenType.String)
        {
            read.Add(reader.GetString()!);
        }
        texts = read;
        return reader.TokenType == JsonTokenType.EndArray;
    }
}
