import { defineConfig } from 'vitest/config'

/** `npm run test:chaos`: a crowd, a real Usher, and everything that can fail failing under them, for about four minutes. */
export default defineConfig({
  test: {
    name: 'chaos',
    include: ['test/chaos/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 300_000,
    hookTimeout: 60_000,
  },
})
