/** Rows of a table that lives: those that stay are changed in place, so that focus and selection stay with them. */

export type Row<T> = { readonly element: HTMLElement; update(item: T): void }

/**
 * @param parent holds these rows and nothing else.
 * @returns a function that makes the rows show these items, in their order.
 */
export function keyedRows<T>(
  parent: HTMLElement,
  keyOf: (item: T) => string,
  create: (item: T) => Row<T>,
): (items: readonly T[]) => void {
  const rows = new Map<string, Row<T>>()
  return (items) => {
    const kept = new Set(items.map(keyOf))
    for (const [key, row] of rows) {
      if (kept.has(key)) continue
      row.element.remove()
      rows.delete(key)
    }
    for (const [index, item] of items.entries()) {
      const key = keyOf(item)
      const row = rows.get(key) ?? create(item)
      rows.set(key, row)
      row.update(item)
      // Moving an element takes its focus away, so only what is elsewhere is moved.
      const there = parent.children[index]
      if (there !== row.element) parent.insertBefore(row.element, there ?? null)
    }
  }
}
