/**
 * Reads TOML 1.0 as far as `wrangler.toml` needs it: tables, arrays of tables, dotted keys, strings, numbers,
 * booleans, arrays and inline tables. Dates are kept as text; inf and nan are refused. A key that is there twice is not noticed.
 */
export type TomlValue = string | number | boolean | readonly TomlValue[] | TomlTable
export type TomlTable = { [key: string]: TomlValue }

/** @throws Error that names the line which cannot be read. */
export function parseToml(text: string): TomlTable {
  return new TomlReader(text).document()
}

const ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  t: '\t',
  n: '\n',
  f: '\f',
  r: '\r',
  '"': '"',
  '\\': '\\',
}

class TomlReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text.replaceAll('\r\n', '\n')
  }

  document(): TomlTable {
    const root = newTable()
    let table = root
    for (this.#skipBlank(); this.#at < this.#text.length; this.#skipBlank()) {
      if (this.#take('[[')) {
        table = this.#appendTo(root, this.#key())
        this.#expect(']]')
      } else if (this.#take('[')) {
        table = this.#tableAt(root, this.#key())
        this.#expect(']')
      } else {
        this.#entry(table)
      }
      this.#endOfLine()
    }
    return root
  }

  #entry(table: TomlTable): void {
    const path = this.#key()
    this.#expect('=')
    const name = path.pop() ?? ''
    this.#tableAt(table, path)[name] = this.#value()
  }

  /** Dotted: `a.b."c d"`. */
  #key(): string[] {
    const parts: string[] = []
    do {
      this.#skipSpace()
      const part = this.#match(/[A-Za-z0-9_-]+/y) ?? this.#string()
      if (part === null) throw this.#fault()
      parts.push(part)
      this.#skipSpace()
    } while (this.#take('.'))
    return parts
  }

  #value(): TomlValue {
    this.#skipSpace()
    if (this.#take('[')) return this.#array()
    if (this.#take('{')) return this.#inlineTable()
    const text = this.#string()
    if (text !== null) return text
    if (this.#match(/true\b/y) !== null) return true
    if (this.#match(/false\b/y) !== null) return false
    const word = this.#match(/[+-]?\d[\w.:+-]*/y)
    if (word === null) throw this.#fault()
    const number = Number(word.replaceAll('_', ''))
    return Number.isNaN(number) ? word : number
  }

  #array(): TomlValue[] {
    const values: TomlValue[] = []
    for (this.#skipBlank(); !this.#take(']'); this.#skipBlank()) {
      values.push(this.#value())
      this.#skipBlank()
      if (!this.#take(',') && this.#text[this.#at] !== ']') throw this.#fault()
    }
    return values
  }

  #inlineTable(): TomlTable {
    const table = newTable()
    for (this.#skipSpace(); !this.#take('}'); this.#skipSpace()) {
      this.#entry(table)
      this.#skipSpace()
      if (!this.#take(',') && this.#text[this.#at] !== '}') throw this.#fault()
    }
    return table
  }

  /** Null when no string begins here. */
  #string(): string | null {
    const long = this.#match(/"""\n?([\s\S]*?)"""|'''\n?([\s\S]*?)'''/y)
    if (long !== null) {
      const inner = long.slice(3, -3).replace(/^\n/, '')
      return long.startsWith('"') ? this.#unescaped(inner.replaceAll(/\\\s*\n\s*/g, '')) : inner
    }
    const basic = this.#match(/"(?:[^"\\\n]|\\.)*"/y)
    if (basic !== null) return this.#unescaped(basic.slice(1, -1))
    return this.#match(/'[^'\n]*'/y)?.slice(1, -1) ?? null
  }

  #unescaped(text: string): string {
    return text.replaceAll(/\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))/g, (_all, short, long, letter) => {
      const code: unknown = short ?? long
      if (typeof code === 'string') return String.fromCodePoint(Number.parseInt(code, 16))
      const plain = ESCAPES[String(letter)]
      if (plain === undefined) throw this.#fault()
      return plain
    })
  }

  #tableAt(from: TomlTable, path: readonly string[]): TomlTable {
    let table = from
    for (const part of path) {
      const found = table[part]
      // Of an array of tables, the last one is meant.
      const next = Array.isArray(found) ? (found as TomlValue[]).at(-1) : found
      if (next === undefined) table = table[part] = newTable()
      else if (isTable(next)) table = next
      else throw this.#fault()
    }
    return table
  }

  #appendTo(root: TomlTable, path: string[]): TomlTable {
    const name = path.pop() ?? ''
    const parent = this.#tableAt(root, path)
    const before = parent[name] ?? []
    if (!Array.isArray(before)) throw this.#fault()
    const added = newTable()
    parent[name] = [...(before as TomlValue[]), added]
    return added
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0] ?? null
    this.#at += found?.length ?? 0
    return found
  }

  #take(expected: string): boolean {
    if (!this.#text.startsWith(expected, this.#at)) return false
    this.#at += expected.length
    return true
  }

  #expect(expected: string): void {
    this.#skipSpace()
    if (!this.#take(expected)) throw this.#fault()
  }

  #endOfLine(): void {
    this.#match(/[ \t]*(?:#[^\n]*)?/y)
    if (this.#at < this.#text.length && !this.#take('\n')) throw this.#fault()
  }

  #skipSpace(): void {
    this.#match(/[ \t]*/y)
  }

  #skipBlank(): void {
    this.#match(/(?:\s|#[^\n]*)*/y)
  }

  #fault(): Error {
    return new Error(`line ${this.#text.slice(0, this.#at).split('\n').length} cannot be read`)
  }
}

/** Without a prototype: `__proto__` is a key like any other. */
function newTable(): TomlTable {
  return Object.create(null) as TomlTable
}

function isTable(value: TomlValue): value is TomlTable {
  return typeof value === 'object' && !Array.isArray(value)
}
