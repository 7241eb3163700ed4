CREATE TABLE `kavach_oauth_clients` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`origin` text NOT NULL,
	`secretHash` text,
	`metadata` text NOT NULL,
	`createdAt` integer NOT NULL,
	`expiresAt` integer,
	PRIMARY KEY(`project`, `id`)
);
--> statement-breakpoint
CREATE INDEX `kavach_oauth_clients_by_expiry` ON `kavach_oauth_clients` (`project`,`expiresAt`,`id`);--> statement-breakpoint
CREATE TABLE `kavach_oauth_codes` (
	`project` text NOT NULL,
	`hash` text NOT NULL,
	`grant` text NOT NULL,
	`client` text NOT NULL,
	`redirectUri` text NOT NULL,
	`challenge` text NOT NULL,
	`scopes` text NOT NULL,
	`resource` text NOT NULL,
	`jkt` text,
	`expiresAt` integer NOT NULL,
	`usedAt` integer,
	PRIMARY KEY(`project`, `hash`)
);
--> statement-breakpoint
CREATE INDEX `kavach_oauth_codes_by_expiry` ON `kavach_oauth_codes` (`project`,`expiresAt`,`hash`);--> statement-breakpoint
CREATE TABLE `kavach_oauth_grants` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`client` text NOT NULL,
	`user` text,
	`agent` text NOT NULL,
	`scopes` text NOT NULL,
	`resource` text NOT NULL,
	`parent` text,
	`delegation` text,
	`actor` text,
	`createdAt` integer NOT NULL,
	`expiresAt` integer,
	`revokedAt` integer,
	PRIMARY KEY(`project`, `id`)
);
--> statement-breakpoint
CREATE INDEX `kavach_oauth_grants_by_user` ON `kavach_oauth_grants` (`project`,`user`,`client`,`id`);--> statement-breakpoint
CREATE INDEX `kavach_oauth_grants_by_client` ON `kavach_oauth_grants` (`project`,`client`,`id`);--> statement-breakpoint
CREATE INDEX `kavach_oauth_grants_by_parent` ON `kavach_oauth_grants` (`project`,`parent`,`id`);--> statement-breakpoint
CREATE INDEX `kavach_oauth_grants_by_expiry` ON `kavach_oauth_grants` (`project`,`expiresAt`,`id`);--> statement-breakpoint
CREATE TABLE `kavach_oauth_keys` (
	`project` text NOT NULL,
	`kid` text NOT NULL,
	`publicJwk` text NOT NULL,
	`privateKey` blob NOT NULL,
	`createdAt` integer NOT NULL,
	`retiredAt` integer,
	`expiresAt` integer,
	PRIMARY KEY(`project`, `kid`)
);
--> statement-breakpoint
CREATE TABLE `kavach_oauth_replays` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`expiresAt` integer NOT NULL,
	PRIMARY KEY(`project`, `id`)
);
--> statement-breakpoint
CREATE INDEX `kavach_oauth_replays_by_expiry` ON `kavach_oauth_replays` (`project`,`expiresAt`,`id`);--> statement-breakpoint
CREATE TABLE `kavach_oauth_tokens` (
	`project` text NOT NULL,
	`hash` text NOT NULL,
	`kind` text NOT NULL,
	`grant` text NOT NULL,
	`scopes` text NOT NULL,
	`resource` text NOT NULL,
	`jkt` text,
	`issuedAt` integer NOT NULL,
	`expiresAt` integer NOT NULL,
	`usedAt` integer,
	`successor` blob,
	PRIMARY KEY(`project`, `hash`)
);
--> statement-breakpoint
CREATE INDEX `kavach_oauth_tokens_by_grant` ON `kavach_oauth_tokens` (`project`,`grant`,`hash`);--> statement-breakpoint
CREATE INDEX `kavach_oauth_tokens_by_expiry` ON `kavach_oauth_tokens` (`project`,`expiresAt`,`hash`);--> statement-breakpoint
CREATE TABLE `kavach_sessions` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`user` text NOT NULL,
	`kind` text NOT NULL,
	`device` text,
	`issuedAt` integer NOT NULL,
	`seenAt` integer NOT NULL,
	`expiresAt` integer NOT NULL,
	`endedAt` integer,
	PRIMARY KEY(`project`, `id`)
);
--> statement-breakpoint
CREATE INDEX `kavach_sessions_by_user` ON `kavach_sessions` (`project`,`user`,`id`);--> statement-breakpoint
CREATE INDEX `kavach_sessions_by_expiry` ON `kavach_sessions` (`project`,`expiresAt`,`id`);