ALTER TABLE `kavach_delegations` ADD `through` text;--> statement-breakpoint
ALTER TABLE `kavach_delegations` ADD `named` integer;