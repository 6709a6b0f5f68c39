using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace IdentityHost.Data.Migrations
{
    /// <inheritdoc />
    public partial class RevocationFeed : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "expires_at",
                table: "signing_keys",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "retires_at",
                table: "signing_keys",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "global_epoch",
                table: "sessions",
                type: "integer",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<ulong>(
                name: "xid",
                table: "revocations",
                type: "xid8",
                nullable: false,
                defaultValueSql: "pg_current_xact_id()");

            migrationBuilder.AddColumn<string>(
                name: "refresh_rotation",
                table: "applications",
                type: "character varying(10)",
                maxLength: 10,
                nullable: false,
                defaultValue: "rolling");

            migrationBuilder.CreateTable(
                name: "failure_counters",
                columns: table => new
                {
                    key = table.Column<byte[]>(type: "bytea", nullable: false),
                    failures = table.Column<int>(type: "integer", nullable: false),
                    blocks = table.Column<int>(type: "integer", nullable: false),
                    started_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    blocked_until = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_failure_counters", x => x.key);
                });

            migrationBuilder.CreateTable(
                name: "installation",
                columns: table => new
                {
                    id = table.Column<short>(type: "smallint", nullable: false),
                    system_identifier = table.Column<long>(type: "bigint", nullable: false),
                    timeline = table.Column<int>(type: "integer", nullable: false),
                    written_by = table.Column<ulong>(type: "xid8", nullable: false),
                    epoch = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_installation", x => x.id);
                    table.CheckConstraint("ck_installation_one_row", "id = 1");
                });

            migrationBuilder.CreateIndex(
                name: "ix_revocations_xid",
                table: "revocations",
                column: "xid");

            migrationBuilder.CreateIndex(
                name: "ix_failure_counters_updated_at",
                table: "failure_counters",
                column: "updated_at");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "failure_counters");

            migrationBuilder.DropTable(
                name: "installation");

            migrationBuilder.DropIndex(
                name: "ix_revocations_xid",
                table: "revocations");

            migrationBuilder.DropColumn(
                name: "expires_at",
                table: "signing_keys");

            migrationBuilder.DropColumn(
                name: "retires_at",
                table: "signing_keys");

            migrationBuilder.DropColumn(
                name: "global_epoch",
                table: "sessions");

            migrationBuilder.DropColumn(
                name: "xid",
                table: "revocations");

            migrationBuilder.DropColumn(
                name: "refresh_rotation",
                table: "applications");
        }
    }
}
