import { readFile } from 'node:fs/promises'
import type { Plugin } from 'vitest/config'

/** Lets tests under Node import `.lua` files as text, as the Text rule of wrangler.toml does in the Worker. */
export function luaText(): Plugin {
  return {
    name: 'lua-text',
    enforce: 'pre',
    async load(id) {
      if (!id.endsWith('.lua')) return null
      return `export default ${JSON.stringify(await readFile(id, 'utf8'))}`
    },
  }
}
