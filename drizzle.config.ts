/** Where `npx drizzle-kit generate` finds the schema, and puts what changes it; `scripts/migrations.mjs` calls it. */
export default {
  dialect: 'sqlite',
  schema: './storage/sqlite/schema.ts',
  out: './storage/sqlite/migrations',
}
