/** The production bundle behind another entry: the same objects and handlers, each seen to by a module of ours. */
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import type { WorkerBundle } from './bundle.ts'

export type Wrapper = {
  /** A TypeScript module that imports nothing: it is loaded as text, with its types stripped. */
  readonly module: URL
  /** Its function that makes a handler of the handler. */
  readonly handler: string
  /** Its function that makes a class of objects of each class of objects, given its name. */
  readonly objectClass: string
}

export function wrapBundle(bundle: WorkerBundle, { module, handler, objectClass }: Wrapper): WorkerBundle {
  const [entry] = bundle.modules
  const classes = Object.values(bundle.options.durableObjects ?? {}).map((object) =>
    typeof object === 'string' ? object : object.className,
  )
  const lines = [
    `import worker, * as objects from './${entry?.path}'`,
    `import { ${handler}, ${objectClass} } from './wrapper.js'`,
    `export default ${handler}(worker)`,
    ...classes.map((name) => `export const ${name} = ${objectClass}(objects.${name}, '${name}')`),
  ]
  return {
    ...bundle,
    modules: [
      { type: 'ESModule', path: 'wrapped.js', contents: lines.join('\n') },
      {
        type: 'ESModule',
        path: 'wrapper.js',
        contents: stripTypeScriptTypes(readFileSync(module, 'utf8')),
      },
      ...bundle.modules,
    ],
  }
}
