import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // What it reads is not part of this repository: `npm run test:conformance -- --from FOLDER` names the folder.
    exclude: process.env.KAVACH_CONFORMANCE === undefined ? ['test/conformance/**'] : [],
    globalSetup: ['scripts/ensure-build.mjs'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
})
