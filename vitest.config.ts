import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { findChromium } from './dev/chromium.ts'
import { luaText } from './test/support/lua-plugin.ts'
import { missingPostgres } from './test/support/postgres.ts'

const recordsMigrations = await readD1Migrations('migrations/d1')

/** What the project publishes, before it is built. */
const published = {
  'usher/verify': sourceOf('verify/verify'),
  'usher/middleware': sourceOf('middleware/middleware'),
  'usher/hono': sourceOf('middleware/hono'),
  'usher/express': sourceOf('middleware/express'),
  'usher/node': sourceOf('middleware/node'),
}

const browserProject = {
  resolve: { alias: published },
  test: {
    name: 'browser',
    include: ['test/browser/**/*.test.ts'],
    pool: 'forks' as const,
    // Each has a server and a browser of its own. After all others, which mostly wait while these compute.
    maxWorkers: 2,
    sequence: { groupOrder: 1 },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
}

const postgresProject = {
  test: {
    name: 'postgres',
    include: ['test/postgres/**/*.test.ts'],
    pool: 'forks' as const,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
}

/**
 * - unit: the pure core, the gateway's mappings, tokens; no service.
 * - lua: every script on real engines behind the REST front.
 * - worker: the objects inside workerd, with a clock that a test can move.
 * - dev: the local runtime itself.
 * - blackbox: the production bundle in workerd over HTTP, as a visitor, a shop and an operator see it.
 * - postgres: what issues and records in PostgreSQL, on machines that have one.
 * - browser: the pages in Chromium, on machines that have one.
 */
export default defineConfig({
  test: {
    globalSetup: ['test/support/chromium-notice.ts', 'test/support/postgres-notice.ts'],
    projects: [
      {
        plugins: [luaText()],
        resolve: { alias: published },
        test: { name: 'unit', include: ['test/unit/**/*.test.ts'] },
      },
      {
        plugins: [luaText()],
        test: { name: 'lua', include: ['test/lua/**/*.test.ts'], testTimeout: 20_000, hookTimeout: 20_000 },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: { bindings: { USHER_STAGE: 'local', RECORDS_MIGRATIONS: recordsMigrations } },
          }),
        ],
        test: {
          name: 'worker',
          include: ['test/worker/**/*.test.ts'],
          setupFiles: ['test/worker/records-setup.ts'],
        },
      },
      {
        test: {
          name: 'dev',
          include: ['test/dev/**/*.test.ts'],
          pool: 'forks',
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        resolve: { alias: published },
        test: {
          name: 'blackbox',
          include: ['test/blackbox/**/*.test.ts'],
          pool: 'forks',
          // They mostly wait; one worker, the default of a machine with two cores, takes twice as long.
          maxWorkers: 3,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      ...(missingPostgres() === null ? [postgresProject] : []),
      ...(findChromium() === null ? [] : [browserProject]),
    ],
  },
})

function sourceOf(name: string): string {
  return new URL(`./src/${name}.ts`, import.meta.url).pathname
}
