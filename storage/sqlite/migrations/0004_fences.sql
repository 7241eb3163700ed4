CREATE TABLE `kavach_fences` (
	`project` text PRIMARY KEY NOT NULL,
	`stamp` integer NOT NULL
);
