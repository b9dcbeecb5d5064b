import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/temporaryFolder.ts',
    // a test says what comes out, not how fast: on a busy machine seconds become minutes
    testTimeout: 60_000,
    // npm run coverage
    coverage: {
      include: ['src/**'],
      // processes of their own; that of a run is killed when it is done, before it could say what it covered
      exclude: ['src/cli.ts', 'src/run/child.js'],
      reporter: ['text', 'html'],
      thresholds: { lines: 95 },
    },
  },
})
