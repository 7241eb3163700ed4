import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  // Tests run the sources.
  resolve: { alias: { '#carried': fileURLToPath(new URL('engine-wasm/host/carried.ts', import.meta.url)) } },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [
      // What it reads is not part of this repository: `npm run test:conformance -- --from FOLDER` names the folder.
      ...(process.env.KAVACH_CONFORMANCE === undefined ? ['test/conformance/**'] : []),
      // They need more than Node: `npm run test:services` sees to it.
      ...(process.env.KAVACH_SERVICES === undefined ? ['test/services/**'] : []),
      // They start hundreds of processes, and go with those.
      ...(process.env.KAVACH_SERVICES === undefined ? ['test/docs/examples.test.ts', 'test/bench/**'] : []),
      // They run on other runtimes: `npm run test:runtimes`.
      ...(process.env.KAVACH_RUNTIMES === undefined ? ['test/runtimes/**'] : []),
    ],
    globalSetup: ['scripts/ensure-build.mjs'],
    testTimeout: 90_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    // Files of one worker share their modules: loading them anew for each of 470 files takes longer than a third of the tests. No test
    // relies on a module of its own; what one changes (the clock, an environment variable) it puts back.
    isolate: false,
  },
})
