/** Puts another method in the place of one, for all objects; answers how to put it back. */
export function replaced<T extends object, K extends keyof T>(
  prototype: T,
  name: K,
  by: (right: T[K]) => T[K],
): () => void {
  const right = prototype[name]
  prototype[name] = by(right)
  return () => {
    prototype[name] = right
  }
}
