import { defineConfig } from 'vitest/config'

/** `npm run test:overload`: crowds and hostile clients at full size, one file at a time, and the figures as tables. */
export default defineConfig({
  test: {
    name: 'overload',
    include: ['test/overload/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
})
