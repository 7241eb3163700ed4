CREATE TABLE `kavach_agents` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`name` text NOT NULL,
	`owner` text,
	`type` text NOT NULL,
	`origin` text NOT NULL,
	`status` text NOT NULL,
	`statusReason` text,
	`permissions` text NOT NULL,
	`constraints` text,
	`record` blob,
	`expiresAt` integer,
	`tokenTtlMs` integer,
	`metadata` text,
	`createdAt` integer NOT NULL,
	`updatedAt` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`project`, `id`)
);
--> statement-breakpoint
CREATE INDEX `kavach_agents_by_owner` ON `kavach_agents` (`project`,`owner`,`id`);--> statement-breakpoint
CREATE INDEX `kavach_agents_by_name` ON `kavach_agents` (`project`,`name`,`id`);--> statement-breakpoint
CREATE INDEX `kavach_agents_by_version` ON `kavach_agents` (`project`,`version`,`id`);--> statement-breakpoint
CREATE TABLE `kavach_answers` (
	`project` text NOT NULL,
	`agent` text NOT NULL,
	`key` text NOT NULL,
	`digest` text NOT NULL,
	`answer` text NOT NULL,
	`expiresAt` integer NOT NULL,
	PRIMARY KEY(`project`, `agent`, `key`)
);
--> statement-breakpoint
CREATE INDEX `kavach_answers_by_expiry` ON `kavach_answers` (`project`,`expiresAt`,`agent`,`key`);--> statement-breakpoint
CREATE TABLE `kavach_api_keys` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`name` text NOT NULL,
	`hash` text NOT NULL,
	`scopes` text NOT NULL,
	`createdAt` integer NOT NULL,
	`expiresAt` integer,
	`revokedAt` integer,
	PRIMARY KEY(`project`, `id`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `kavach_api_keys_by_hash` ON `kavach_api_keys` (`project`,`hash`);--> statement-breakpoint
CREATE TABLE `kavach_approvals` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`digest` text NOT NULL,
	`agent` text NOT NULL,
	`request` text NOT NULL,
	`needs` text NOT NULL,
	`votes` text NOT NULL,
	`status` text NOT NULL,
	`requestedAt` integer NOT NULL,
	`expiresAt` integer NOT NULL,
	`decidedAt` integer,
	`note` text,
	PRIMARY KEY(`project`, `id`)
);
--> statement-breakpoint
CREATE INDEX `kavach_approvals_by_digest` ON `kavach_approvals` (`project`,`digest`,`id`);--> statement-breakpoint
CREATE INDEX `kavach_approvals_by_status` ON `kavach_approvals` (`project`,`status`,`id`);--> statement-breakpoint
CREATE INDEX `kavach_approvals_by_agent` ON `kavach_approvals` (`project`,`agent`,`id`);--> statement-breakpoint
CREATE TABLE `kavach_audit` (
	`project` text NOT NULL,
	`seq` integer NOT NULL,
	`time` integer NOT NULL,
	`agent` text,
	`kind` text NOT NULL,
	`result` text,
	`body` text,
	`leaf` blob NOT NULL,
	`personal` text,
	PRIMARY KEY(`project`, `seq`)
);
--> statement-breakpoint
CREATE TABLE `kavach_checkpoints` (
	`project` text NOT NULL,
	`size` integer NOT NULL,
	`note` text NOT NULL,
	`time` integer NOT NULL,
	PRIMARY KEY(`project`, `size`)
);
--> statement-breakpoint
CREATE TABLE `kavach_delegations` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`from` text NOT NULL,
	`to` text NOT NULL,
	`origin` text NOT NULL,
	`permissions` text NOT NULL,
	`depth` integer NOT NULL,
	`expiresAt` integer,
	`createdAt` integer NOT NULL,
	`revokedAt` integer,
	PRIMARY KEY(`project`, `id`)
);
--> statement-breakpoint
CREATE INDEX `kavach_delegations_by_receiver` ON `kavach_delegations` (`project`,`to`,`id`);--> statement-breakpoint
CREATE INDEX `kavach_delegations_by_delegator` ON `kavach_delegations` (`project`,`from`,`id`);--> statement-breakpoint
CREATE TABLE `kavach_heads` (
	`project` text PRIMARY KEY NOT NULL,
	`size` integer NOT NULL,
	`frontier` blob NOT NULL,
	`time` integer NOT NULL,
	`epoch` integer NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `kavach_meters` (
	`project` text NOT NULL,
	`key` text NOT NULL,
	`windowStart` integer NOT NULL,
	`used` integer NOT NULL,
	PRIMARY KEY(`project`, `key`, `windowStart`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `kavach_meters_by_window` ON `kavach_meters` (`project`,`windowStart`,`key`);--> statement-breakpoint
CREATE TABLE `kavach_migrations` (
	`version` integer PRIMARY KEY NOT NULL,
	`tag` text NOT NULL,
	`oldest` integer NOT NULL,
	`appliedAt` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `kavach_outbox` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`kind` text NOT NULL,
	`payload` text NOT NULL,
	`attempts` integer NOT NULL,
	`nextAt` integer,
	`lastError` text,
	PRIMARY KEY(`project`, `id`)
);
--> statement-breakpoint
CREATE INDEX `kavach_outbox_by_next` ON `kavach_outbox` (`project`,`nextAt`,`id`);--> statement-breakpoint
CREATE TABLE `kavach_policies` (
	`project` text NOT NULL,
	`digest` text NOT NULL,
	`name` text NOT NULL,
	`generation` integer NOT NULL,
	`image` blob NOT NULL,
	`activatedAt` integer,
	PRIMARY KEY(`project`, `digest`)
);
--> statement-breakpoint
CREATE INDEX `kavach_policies_by_generation` ON `kavach_policies` (`project`,`generation`,`digest`);--> statement-breakpoint
CREATE TABLE `kavach_postings` (
	`project` text NOT NULL,
	`block` integer NOT NULL,
	`entries` blob NOT NULL,
	PRIMARY KEY(`project`, `block`)
);
--> statement-breakpoint
CREATE TABLE `kavach_reservations` (
	`project` text NOT NULL,
	`seq` integer NOT NULL,
	`agent` text NOT NULL,
	`amounts` text NOT NULL,
	`expiresAt` integer NOT NULL,
	`state` text NOT NULL,
	PRIMARY KEY(`project`, `seq`)
);
--> statement-breakpoint
CREATE INDEX `kavach_reservations_by_state` ON `kavach_reservations` (`project`,`state`,`expiresAt`,`seq`);--> statement-breakpoint
CREATE TABLE `kavach_settings` (
	`project` text NOT NULL,
	`name` text NOT NULL,
	`value` text NOT NULL,
	PRIMARY KEY(`project`, `name`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `kavach_tokens` (
	`project` text NOT NULL,
	`hash` text NOT NULL,
	`agent` text NOT NULL,
	`issuedAt` integer NOT NULL,
	`expiresAt` integer,
	PRIMARY KEY(`project`, `hash`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `kavach_tokens_by_agent` ON `kavach_tokens` (`project`,`agent`,`hash`);--> statement-breakpoint
CREATE TABLE `kavach_users` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`email` text,
	`name` text,
	`createdAt` integer NOT NULL,
	`updatedAt` integer NOT NULL,
	PRIMARY KEY(`project`, `id`)
);
--> statement-breakpoint
CREATE INDEX `kavach_users_by_email` ON `kavach_users` (`project`,`email`,`id`);