using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace IdentityHost.Data.Migrations
{
    /// <inheritdoc />
    public partial class AuthorizationCode : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_grants_user_id_application_id",
                table: "grants");

            migrationBuilder.AddColumn<string>(
                name: "address",
                table: "users",
                type: "character varying(500)",
                maxLength: 500,
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "phone_number",
                table: "users",
                type: "character varying(32)",
                maxLength: 32,
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "claims",
                table: "grants",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<string[]>(
                name: "resources",
                table: "grants",
                type: "text[]",
                nullable: false,
                defaultValueSql: "'{}'");

            migrationBuilder.AddColumn<string[]>(
                name: "allowed_origins",
                table: "applications",
                type: "text[]",
                nullable: false,
                defaultValue: new string[0]);

            migrationBuilder.AddColumn<string>(
                name: "backchannel_logout_uri",
                table: "applications",
                type: "character varying(2000)",
                maxLength: 2000,
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "consent",
                table: "applications",
                type: "character varying(10)",
                maxLength: 10,
                nullable: false,
                defaultValue: "explicit");

            migrationBuilder.AddColumn<int>(
                name: "default_max_age",
                table: "applications",
                type: "integer",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "id_token_signed_response_alg",
                table: "applications",
                type: "character varying(10)",
                maxLength: 10,
                nullable: false,
                defaultValue: "RS256");

            migrationBuilder.AddColumn<string>(
                name: "jwks",
                table: "applications",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<string[]>(
                name: "post_logout_redirect_uris",
                table: "applications",
                type: "text[]",
                nullable: false,
                defaultValue: new string[0]);

            migrationBuilder.AddColumn<string[]>(
                name: "redirect_uris",
                table: "applications",
                type: "text[]",
                nullable: false,
                defaultValue: new string[0]);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "registered_at",
                table: "applications",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "registered_metadata",
                table: "applications",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<byte[]>(
                name: "registration_token_hash",
                table: "applications",
                type: "bytea",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "require_pkce",
                table: "applications",
                type: "boolean",
                nullable: false,
                defaultValue: true);

            migrationBuilder.AddColumn<string>(
                name: "sector_identifier",
                table: "applications",
                type: "character varying(260)",
                maxLength: 260,
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "userinfo_signed_response_alg",
                table: "applications",
                type: "character varying(10)",
                maxLength: 10,
                nullable: true);

            migrationBuilder.CreateTable(
                name: "authorization_codes",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    application_id = table.Column<long>(type: "bigint", nullable: false),
                    session_id = table.Column<Guid>(type: "uuid", nullable: false),
                    user_id = table.Column<long>(type: "bigint", nullable: false),
                    redirect_uri = table.Column<string>(type: "text", nullable: false),
                    redirect_uri_sent = table.Column<bool>(type: "boolean", nullable: false),
                    code_challenge = table.Column<string>(type: "character varying(43)", maxLength: 43, nullable: true),
                    scope = table.Column<string>(type: "text", nullable: false),
                    nonce = table.Column<string>(type: "text", nullable: true),
                    claims = table.Column<string>(type: "text", nullable: true),
                    resources = table.Column<string[]>(type: "text[]", nullable: false),
                    salt = table.Column<byte[]>(type: "bytea", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "identity_now()"),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    used_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    grant_id = table.Column<Guid>(type: "uuid", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_authorization_codes", x => x.id);
                    table.ForeignKey(
                        name: "fk_authorization_codes_applications_application_id",
                        column: x => x.application_id,
                        principalTable: "applications",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_authorization_codes_sessions_session_id",
                        column: x => x.session_id,
                        principalTable: "sessions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "authorization_requests",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    application_id = table.Column<long>(type: "bigint", nullable: false),
                    flow_key = table.Column<byte[]>(type: "bytea", nullable: false),
                    redirect_uri = table.Column<string>(type: "text", nullable: false),
                    redirect_uri_sent = table.Column<bool>(type: "boolean", nullable: false),
                    response_mode = table.Column<string>(type: "character varying(20)", maxLength: 20, nullable: false),
                    scope = table.Column<string>(type: "text", nullable: false),
                    state = table.Column<string>(type: "text", nullable: true),
                    nonce = table.Column<string>(type: "text", nullable: true),
                    code_challenge = table.Column<string>(type: "character varying(43)", maxLength: 43, nullable: true),
                    prompt = table.Column<string>(type: "character varying(60)", maxLength: 60, nullable: true),
                    max_age = table.Column<int>(type: "integer", nullable: true),
                    login_hint = table.Column<string>(type: "text", nullable: true),
                    ui_locales = table.Column<string>(type: "text", nullable: true),
                    acr_values = table.Column<string>(type: "text", nullable: true),
                    claims = table.Column<string>(type: "text", nullable: true),
                    resources = table.Column<string[]>(type: "text[]", nullable: false),
                    provider = table.Column<string>(type: "character varying(20)", maxLength: 20, nullable: true),
                    hinted_user_id = table.Column<long>(type: "bigint", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "identity_now()"),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_authorization_requests", x => x.id);
                    table.ForeignKey(
                        name: "fk_authorization_requests_applications_application_id",
                        column: x => x.application_id,
                        principalTable: "applications",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "consents",
                columns: table => new
                {
                    user_id = table.Column<long>(type: "bigint", nullable: false),
                    application_id = table.Column<long>(type: "bigint", nullable: false),
                    scope = table.Column<string>(type: "text", nullable: false),
                    granted_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "identity_now()")
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_consents", x => new { x.user_id, x.application_id });
                    table.ForeignKey(
                        name: "fk_consents_applications_application_id",
                        column: x => x.application_id,
                        principalTable: "applications",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_consents_users_user_id",
                        column: x => x.user_id,
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "idempotency_keys",
                columns: table => new
                {
                    key = table.Column<byte[]>(type: "bytea", nullable: false),
                    request_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    status = table.Column<int>(type: "integer", nullable: false),
                    protected_answer = table.Column<byte[]>(type: "bytea", nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_idempotency_keys", x => x.key);
                });

            migrationBuilder.CreateTable(
                name: "logout_messages",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    application_id = table.Column<long>(type: "bigint", nullable: false),
                    user_id = table.Column<long>(type: "bigint", nullable: false),
                    session_id = table.Column<Guid>(type: "uuid", nullable: false),
                    token_id = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "identity_now()"),
                    attempts = table.Column<int>(type: "integer", nullable: false),
                    next_attempt_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "identity_now()"),
                    delivered_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    given_up_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    last_error = table.Column<string>(type: "character varying(500)", maxLength: 500, nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_logout_messages", x => x.id);
                    table.ForeignKey(
                        name: "fk_logout_messages_applications_application_id",
                        column: x => x.application_id,
                        principalTable: "applications",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_grants_ended_at",
                table: "grants",
                column: "ended_at",
                filter: "ended_at IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_grants_user_id_application_id_created_at",
                table: "grants",
                columns: new[] { "user_id", "application_id", "created_at" },
                filter: "ended_at IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_applications_registered_at",
                table: "applications",
                column: "registered_at",
                filter: "registered_at IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_authorization_codes_application_id",
                table: "authorization_codes",
                column: "application_id");

            migrationBuilder.CreateIndex(
                name: "ix_authorization_codes_expires_at",
                table: "authorization_codes",
                column: "expires_at");

            migrationBuilder.CreateIndex(
                name: "ix_authorization_codes_session_id",
                table: "authorization_codes",
                column: "session_id");

            migrationBuilder.CreateIndex(
                name: "ix_authorization_requests_application_id",
                table: "authorization_requests",
                column: "application_id");

            migrationBuilder.CreateIndex(
                name: "ix_authorization_requests_expires_at",
                table: "authorization_requests",
                column: "expires_at");

            migrationBuilder.CreateIndex(
                name: "ix_consents_application_id",
                table: "consents",
                column: "application_id");

            migrationBuilder.CreateIndex(
                name: "ix_idempotency_keys_expires_at",
                table: "idempotency_keys",
                column: "expires_at");

            migrationBuilder.CreateIndex(
                name: "ix_logout_messages_application_id",
                table: "logout_messages",
                column: "application_id");

            migrationBuilder.CreateIndex(
                name: "ix_logout_messages_created_at",
                table: "logout_messages",
                column: "created_at");

            migrationBuilder.CreateIndex(
                name: "ix_logout_messages_next_attempt_at",
                table: "logout_messages",
                column: "next_attempt_at",
                filter: "delivered_at IS NULL AND given_up_at IS NULL");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "authorization_codes");

            migrationBuilder.DropTable(
                name: "authorization_requests");

            migrationBuilder.DropTable(
                name: "consents");

            migrationBuilder.DropTable(
                name: "idempotency_keys");

            migrationBuilder.DropTable(
                name: "logout_messages");

            migrationBuilder.DropIndex(
                name: "ix_grants_ended_at",
                table: "grants");

            migrationBuilder.DropIndex(
                name: "ix_grants_user_id_application_id_created_at",
                table: "grants");

            migrationBuilder.DropIndex(
                name: "ix_applications_registered_at",
                table: "applications");

            migrationBuilder.DropColumn(
                name: "address",
                table: "users");

            migrationBuilder.DropColumn(
                name: "phone_number",
                table: "users");

            migrationBuilder.DropColumn(
                name: "claims",
                table: "grants");

            migrationBuilder.DropColumn(
                name: "resources",
                table: "grants");

            migrationBuilder.DropColumn(
                name: "allowed_origins",
                table: "applications");

            migrationBuilder.DropColumn(
                name: "backchannel_logout_uri",
                table: "applications");

            migrationBuilder.DropColumn(
                name: "consent",
                table: "applications");

            migrationBuilder.DropColumn(
                name: "default_max_age",
                table: "applications");

            migrationBuilder.DropColumn(
                name: "id_token_signed_response_alg",
                table: "applications");

            migrationBuilder.DropColumn(
                name: "jwks",
                table: "applications");

            migrationBuilder.DropColumn(
                name: "post_logout_redirect_uris",
                table: "applications");

            migrationBuilder.DropColumn(
                name: "redirect_uris",
                table: "applications");

            migrationBuilder.DropColumn(
                name: "registered_at",
                table: "applications");

            migrationBuilder.DropColumn(
                name: "registered_metadata",
                table: "applications");

            migrationBuilder.DropColumn(
                name: "registration_token_hash",
                table: "applications");

            migrationBuilder.DropColumn(
                name: "require_pkce",
                table: "applications");

            migrationBuilder.DropColumn(
                name: "sector_identifier",
                table: "applications");

            migrationBuilder.DropColumn(
                name: "userinfo_signed_response_alg",
                table: "applications");

            migrationBuilder.CreateIndex(
                name: "ix_grants_user_id_application_id",
                table: "grants",
                columns: new[] { "user_id", "application_id" });
        }
    }
}
