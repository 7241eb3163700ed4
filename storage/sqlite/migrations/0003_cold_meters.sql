-- oldest: 4
CREATE TABLE `kavach_cold_meters` (
	`project` text NOT NULL,
	`key` text NOT NULL,
	`windowStart` integer NOT NULL,
	`used` integer NOT NULL,
	PRIMARY KEY(`project`, `key`, `windowStart`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `kavach_cold_meters_by_window` ON `kavach_cold_meters` (`project`,`windowStart`,`key`);