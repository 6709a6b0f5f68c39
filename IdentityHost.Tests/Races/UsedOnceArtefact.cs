using IdentityHost.Tests.Support;

namespace IdentityHost.Tests.Races;

/// <summary>
/// Something that counts once however often and wherever it is presented: a refresh token's generation, a code, an assertion's <c>jti</c>.
/// A class that derives from this one and has a constructor without parameters is raced by <see cref="UsedOnceTests"/>.
/// </summary>
public abstract class UsedOnceArtefact
{
    /// <summary>How many times dearer a round is than one of a token: so many times fewer there are.</summary>
    public virtual int Weight => 1;

    /// <summary>A new one, unused.</summary>
    public abstract Task<string> CreateAsync(HostFixture host);

    /// <summary>Presents it to one node. Called by all workers at once.</summary>
    public abstract Task<RaceAnswer> UseAsync(HostFixture host, int node, string artefact);

    /// <summary>After the workers have their answers: that it counted once, by the answers, by SQL, and by what still works.</summary>
    public abstract Task CheckAsync(HostFixture host, string artefact, IReadOnlyList<RaceAnswer> answers);
}
