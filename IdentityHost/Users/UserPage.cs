using IdentityHost.Data.Entities;

namespace IdentityHost.Users;

/// <summary>What <c>GET /users</c> can be sorted by. A closed list: the client's text never becomes a column.</summary>
internal enum UserSort
{
    Id,
    Username,
    Email,
    CreatedAt,
}

/// <summary>The last row of the page before.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Text">Its normalized username or e-mail, when sorted by one; null for a user without an address.</param>
/// <param name="Time">Its creation, when sorted by that.</param>
internal sealed record PagePosition(long Id, string? Text = null, DateTime? Time = null);

/// <summary>One page of users.</summary>
/// <param name="Limit">At most so many, from 1 to <see cref="MostRows"/>.</param>
/// <param name="Sort">The order.</param>
/// <param name="Descending">From the end.</param>
/// <param name="After">Where it begins; null for the first page.</param>
/// <param name="Prefix">Only users whose normalized username or e-mail begins so.</param>
/// <param name="Role">Only this role.</param>
/// <param name="Status">Only active or only disabled ones.</param>
internal sealed record UserPage(int Limit, UserSort Sort, bool Descending, PagePosition? After, string? Prefix, UserRole? Role, bool? Status)
{
    public const int MostRows = 200;
    public const int DefaultRows = 50;

    /// <summary>The position of a row in this order.</summary>
    public PagePosition PositionOf(UserView user) => Sort switch
    {
        UserSort.Username => new PagePosition(user.Id, user.Username.ToUpperInvariant()),
        UserSort.Email => new PagePosition(user.Id, user.Email?.ToUpperInvariant()),
        UserSort.CreatedAt => new PagePosition(user.Id, Time: user.CreatedAt),
        _ => new PagePosition(user.Id),
    };
}
