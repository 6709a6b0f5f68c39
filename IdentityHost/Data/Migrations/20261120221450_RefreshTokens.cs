using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace IdentityHost.Data.Migrations
{
    /// <inheritdoc />
    public partial class RefreshTokens : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "generation",
                table: "grants",
                type: "integer",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "rotated_at",
                table: "grants",
                type: "timestamp with time zone",
                nullable: false,
                defaultValueSql: "identity_now()");

            migrationBuilder.AddColumn<byte[]>(
                name: "salt",
                table: "grants",
                type: "bytea",
                nullable: false,
                defaultValueSql: "decode(replace(gen_random_uuid()::text, '-', ''), 'hex')");

            migrationBuilder.CreateTable(
                name: "server_secrets",
                columns: table => new
                {
                    name = table.Column<string>(type: "character varying(50)", maxLength: 50, nullable: false),
                    protected_key = table.Column<byte[]>(type: "bytea", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_server_secrets", x => x.name);
                });

            // Room on each page for the next version of a row: rotation then stays heap-only (HOT) and touches no index.
            migrationBuilder.Sql("ALTER TABLE grants SET (fillfactor = 80)");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "server_secrets");

            migrationBuilder.DropColumn(
                name: "generation",
                table: "grants");

            migrationBuilder.DropColumn(
                name: "rotated_at",
                table: "grants");

            migrationBuilder.DropColumn(
                name: "salt",
                table: "grants");
        }
    }
}
