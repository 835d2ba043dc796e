import { defineConfig } from 'vitest/config'
import { luaText } from './test/support/lua-plugin.ts'

/** An hour of sale on a simulated clock; some minutes of this one. */
export default defineConfig({
  plugins: [luaText()],
  test: {
    name: 'long',
    include: ['test/long/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 600_000,
    hookTimeout: 60_000,
  },
})
