/** Written by scripts/migrations.mjs from the files of migrations/, which drizzle-kit generates. */

export interface Migration {
  readonly tag: string
  /** The oldest version that can work with the schema as this migration leaves it. */
  readonly oldest: number
  readonly statements: readonly string[]
}

export const MIGRATIONS: readonly Migration[] = [
  {
    tag: '0000_first',
    oldest: 1,
    statements: [
      'CREATE TABLE `kavach_agents` (\n\t`project` text NOT NULL,\n\t`id` text NOT NULL,\n\t`name` text NOT NULL,\n\t`owner` text,\n\t`type` text NOT NULL,\n\t`origin` text NOT NULL,\n\t`status` text NOT NULL,\n\t`statusReason` text,\n\t`permissions` text NOT NULL,\n\t`constraints` text,\n\t`record` blob,\n\t`expiresAt` integer,\n\t`tokenTtlMs` integer,\n\t`metadata` text,\n\t`createdAt` integer NOT NULL,\n\t`updatedAt` integer NOT NULL,\n\t`version` integer NOT NULL,\n\tPRIMARY KEY(`project`, `id`)\n);',
      'CREATE INDEX `kavach_agents_by_owner` ON `kavach_agents` (`project`,`owner`,`id`);',
      'CREATE INDEX `kavach_agents_by_name` ON `kavach_agents` (`project`,`name`,`id`);',
      'CREATE INDEX `kavach_agents_by_version` ON `kavach_agents` (`project`,`version`,`id`);',
      'CREATE TABLE `kavach_answers` (\n\t`project` text NOT NULL,\n\t`agent` text NOT NULL,\n\t`key` text NOT NULL,\n\t`digest` text NOT NULL,\n\t`answer` text NOT NULL,\n\t`expiresAt` integer NOT NULL,\n\tPRIMARY KEY(`project`, `agent`, `key`)\n);',
      'CREATE INDEX `kavach_answers_by_expiry` ON `kavach_answers` (`project`,`expiresAt`,`agent`,`key`);',
      'CREATE TABLE `kavach_api_keys` (\n\t`project` text NOT NULL,\n\t`id` text NOT NULL,\n\t`name` text NOT NULL,\n\t`hash` text NOT NULL,\n\t`scopes` text NOT NULL,\n\t`createdAt` integer NOT NULL,\n\t`expiresAt` integer,\n\t`revokedAt` integer,\n\tPRIMARY KEY(`project`, `id`)\n);',
      'CREATE UNIQUE INDEX `kavach_api_keys_by_hash` ON `kavach_api_keys` (`project`,`hash`);',
      'CREATE TABLE `kavach_approvals` (\n\t`project` text NOT NULL,\n\t`id` text NOT NULL,\n\t`digest` text NOT NULL,\n\t`agent` text NOT NULL,\n\t`request` text NOT NULL,\n\t`needs` text NOT NULL,\n\t`votes` text NOT NULL,\n\t`status` text NOT NULL,\n\t`requestedAt` integer NOT NULL,\n\t`expiresAt` integer NOT NULL,\n\t`decidedAt` integer,\n\t`note` text,\n\tPRIMARY KEY(`project`, `id`)\n);',
      'CREATE INDEX `kavach_approvals_by_digest` ON `kavach_approvals` (`project`,`digest`,`id`);',
      'CREATE INDEX `kavach_approvals_by_status` ON `kavach_approvals` (`project`,`status`,`id`);',
      'CREATE INDEX `kavach_approvals_by_agent` ON `kavach_approvals` (`project`,`agent`,`id`);',
      'CREATE TABLE `kavach_audit` (\n\t`project` text NOT NULL,\n\t`seq` integer NOT NULL,\n\t`time` integer NOT NULL,\n\t`agent` text,\n\t`kind` text NOT NULL,\n\t`result` text,\n\t`body` text,\n\t`leaf` blob NOT NULL,\n\t`personal` text,\n\tPRIMARY KEY(`project`, `seq`)\n);',
      'CREATE TABLE `kavach_checkpoints` (\n\t`project` text NOT NULL,\n\t`size` integer NOT NULL,\n\t`note` text NOT NULL,\n\t`time` integer NOT NULL,\n\tPRIMARY KEY(`project`, `size`)\n);',
      'CREATE TABLE `kavach_delegations` (\n\t`project` text NOT NULL,\n\t`id` text NOT NULL,\n\t`from` text NOT NULL,\n\t`to` text NOT NULL,\n\t`origin` text NOT NULL,\n\t`permissions` text NOT NULL,\n\t`depth` integer NOT NULL,\n\t`expiresAt` integer,\n\t`createdAt` integer NOT NULL,\n\t`revokedAt` integer,\n\tPRIMARY KEY(`project`, `id`)\n);',
      'CREATE INDEX `kavach_delegations_by_receiver` ON `kavach_delegations` (`project`,`to`,`id`);',
      'CREATE INDEX `kavach_delegations_by_delegator` ON `kavach_delegations` (`project`,`from`,`id`);',
      'CREATE TABLE `kavach_heads` (\n\t`project` text PRIMARY KEY NOT NULL,\n\t`size` integer NOT NULL,\n\t`frontier` blob NOT NULL,\n\t`time` integer NOT NULL,\n\t`epoch` integer NOT NULL\n) WITHOUT ROWID;',
      'CREATE TABLE `kavach_meters` (\n\t`project` text NOT NULL,\n\t`key` text NOT NULL,\n\t`windowStart` integer NOT NULL,\n\t`used` integer NOT NULL,\n\tPRIMARY KEY(`project`, `key`, `windowStart`)\n) WITHOUT ROWID;',
      'CREATE INDEX `kavach_meters_by_window` ON `kavach_meters` (`project`,`windowStart`,`key`);',
      'CREATE TABLE `kavach_migrations` (\n\t`version` integer PRIMARY KEY NOT NULL,\n\t`tag` text NOT NULL,\n\t`oldest` integer NOT NULL,\n\t`appliedAt` integer NOT NULL\n);',
      'CREATE TABLE `kavach_outbox` (\n\t`project` text NOT NULL,\n\t`id` text NOT NULL,\n\t`kind` text NOT NULL,\n\t`payload` text NOT NULL,\n\t`attempts` integer NOT NULL,\n\t`nextAt` integer,\n\t`lastError` text,\n\tPRIMARY KEY(`project`, `id`)\n);',
      'CREATE INDEX `kavach_outbox_by_next` ON `kavach_outbox` (`project`,`nextAt`,`id`);',
      'CREATE TABLE `kavach_policies` (\n\t`project` text NOT NULL,\n\t`digest` text NOT NULL,\n\t`name` text NOT NULL,\n\t`generation` integer NOT NULL,\n\t`image` blob NOT NULL,\n\t`activatedAt` integer,\n\tPRIMARY KEY(`project`, `digest`)\n);',
      'CREATE INDEX `kavach_policies_by_generation` ON `kavach_policies` (`project`,`generation`,`digest`);',
      'CREATE TABLE `kavach_postings` (\n\t`project` text NOT NULL,\n\t`block` integer NOT NULL,\n\t`entries` blob NOT NULL,\n\tPRIMARY KEY(`project`, `block`)\n);',
      'CREATE TABLE `kavach_reservations` (\n\t`project` text NOT NULL,\n\t`seq` integer NOT NULL,\n\t`agent` text NOT NULL,\n\t`amounts` text NOT NULL,\n\t`expiresAt` integer NOT NULL,\n\t`state` text NOT NULL,\n\tPRIMARY KEY(`project`, `seq`)\n);',
      'CREATE INDEX `kavach_reservations_by_state` ON `kavach_reservations` (`project`,`state`,`expiresAt`,`seq`);',
      'CREATE TABLE `kavach_settings` (\n\t`project` text NOT NULL,\n\t`name` text NOT NULL,\n\t`value` text NOT NULL,\n\tPRIMARY KEY(`project`, `name`)\n) WITHOUT ROWID;',
      'CREATE TABLE `kavach_tokens` (\n\t`project` text NOT NULL,\n\t`hash` text NOT NULL,\n\t`agent` text NOT NULL,\n\t`issuedAt` integer NOT NULL,\n\t`expiresAt` integer,\n\tPRIMARY KEY(`project`, `hash`)\n) WITHOUT ROWID;',
      'CREATE INDEX `kavach_tokens_by_agent` ON `kavach_tokens` (`project`,`agent`,`hash`);',
      'CREATE TABLE `kavach_users` (\n\t`project` text NOT NULL,\n\t`id` text NOT NULL,\n\t`email` text,\n\t`name` text,\n\t`createdAt` integer NOT NULL,\n\t`updatedAt` integer NOT NULL,\n\tPRIMARY KEY(`project`, `id`)\n);',
      'CREATE INDEX `kavach_users_by_email` ON `kavach_users` (`project`,`email`,`id`);',
    ],
  },
  {
    tag: '0001_mcp',
    oldest: 1,
    statements: [
      'CREATE TABLE `kavach_oauth_clients` (\n\t`project` text NOT NULL,\n\t`id` text NOT NULL,\n\t`origin` text NOT NULL,\n\t`secretHash` text,\n\t`metadata` text NOT NULL,\n\t`createdAt` integer NOT NULL,\n\t`expiresAt` integer,\n\tPRIMARY KEY(`project`, `id`)\n);',
      'CREATE INDEX `kavach_oauth_clients_by_expiry` ON `kavach_oauth_clients` (`project`,`expiresAt`,`id`);',
      'CREATE TABLE `kavach_oauth_codes` (\n\t`project` text NOT NULL,\n\t`hash` text NOT NULL,\n\t`grant` text NOT NULL,\n\t`client` text NOT NULL,\n\t`redirectUri` text NOT NULL,\n\t`challenge` text NOT NULL,\n\t`scopes` text NOT NULL,\n\t`resource` text NOT NULL,\n\t`jkt` text,\n\t`expiresAt` integer NOT NULL,\n\t`usedAt` integer,\n\tPRIMARY KEY(`project`, `hash`)\n);',
      'CREATE INDEX `kavach_oauth_codes_by_expiry` ON `kavach_oauth_codes` (`project`,`expiresAt`,`hash`);',
      'CREATE TABLE `kavach_oauth_grants` (\n\t`project` text NOT NULL,\n\t`id` text NOT NULL,\n\t`client` text NOT NULL,\n\t`user` text,\n\t`agent` text NOT NULL,\n\t`scopes` text NOT NULL,\n\t`resource` text NOT NULL,\n\t`parent` text,\n\t`delegation` text,\n\t`actor` text,\n\t`createdAt` integer NOT NULL,\n\t`expiresAt` integer,\n\t`revokedAt` integer,\n\tPRIMARY KEY(`project`, `id`)\n);',
      'CREATE INDEX `kavach_oauth_grants_by_user` ON `kavach_oauth_grants` (`project`,`user`,`client`,`id`);',
      'CREATE INDEX `kavach_oauth_grants_by_client` ON `kavach_oauth_grants` (`project`,`client`,`id`);',
      'CREATE INDEX `kavach_oauth_grants_by_parent` ON `kavach_oauth_grants` (`project`,`parent`,`id`);',
      'CREATE INDEX `kavach_oauth_grants_by_expiry` ON `kavach_oauth_grants` (`project`,`expiresAt`,`id`);',
      'CREATE TABLE `kavach_oauth_keys` (\n\t`project` text NOT NULL,\n\t`kid` text NOT NULL,\n\t`publicJwk` text NOT NULL,\n\t`privateKey` blob NOT NULL,\n\t`createdAt` integer NOT NULL,\n\t`retiredAt` integer,\n\t`expiresAt` integer,\n\tPRIMARY KEY(`project`, `kid`)\n);',
      'CREATE TABLE `kavach_oauth_replays` (\n\t`project` text NOT NULL,\n\t`id` text NOT NULL,\n\t`expiresAt` integer NOT NULL,\n\tPRIMARY KEY(`project`, `id`)\n);',
      'CREATE INDEX `kavach_oauth_replays_by_expiry` ON `kavach_oauth_replays` (`project`,`expiresAt`,`id`);',
      'CREATE TABLE `kavach_oauth_tokens` (\n\t`project` text NOT NULL,\n\t`hash` text NOT NULL,\n\t`kind` text NOT NULL,\n\t`grant` text NOT NULL,\n\t`scopes` text NOT NULL,\n\t`resource` text NOT NULL,\n\t`jkt` text,\n\t`issuedAt` integer NOT NULL,\n\t`expiresAt` integer NOT NULL,\n\t`usedAt` integer,\n\t`successor` blob,\n\tPRIMARY KEY(`project`, `hash`)\n);',
      'CREATE INDEX `kavach_oauth_tokens_by_grant` ON `kavach_oauth_tokens` (`project`,`grant`,`hash`);',
      'CREATE INDEX `kavach_oauth_tokens_by_expiry` ON `kavach_oauth_tokens` (`project`,`expiresAt`,`hash`);',
      'CREATE TABLE `kavach_sessions` (\n\t`project` text NOT NULL,\n\t`id` text NOT NULL,\n\t`user` text NOT NULL,\n\t`kind` text NOT NULL,\n\t`device` text,\n\t`issuedAt` integer NOT NULL,\n\t`seenAt` integer NOT NULL,\n\t`expiresAt` integer NOT NULL,\n\t`endedAt` integer,\n\tPRIMARY KEY(`project`, `id`)\n);',
      'CREATE INDEX `kavach_sessions_by_user` ON `kavach_sessions` (`project`,`user`,`id`);',
      'CREATE INDEX `kavach_sessions_by_expiry` ON `kavach_sessions` (`project`,`expiresAt`,`id`);',
    ],
  },
  {
    tag: '0002_delegation_through',
    oldest: 1,
    statements: [
      'ALTER TABLE `kavach_delegations` ADD `through` text;',
      'ALTER TABLE `kavach_delegations` ADD `named` integer;',
    ],
  },
  {
    tag: '0003_cold_meters',
    oldest: 4,
    statements: [
      'CREATE TABLE `kavach_cold_meters` (\n\t`project` text NOT NULL,\n\t`key` text NOT NULL,\n\t`windowStart` integer NOT NULL,\n\t`used` integer NOT NULL,\n\tPRIMARY KEY(`project`, `key`, `windowStart`)\n) WITHOUT ROWID;',
      'CREATE INDEX `kavach_cold_meters_by_window` ON `kavach_cold_meters` (`project`,`windowStart`,`key`);',
    ],
  },
  {
    tag: '0004_fences',
    oldest: 4,
    statements: [
      'CREATE TABLE `kavach_fences` (\n\t`project` text PRIMARY KEY NOT NULL,\n\t`stamp` integer NOT NULL\n);',
    ],
  },
]
