/** Distinct values that are kept: models have a few dozen layouts and fans; what has more gains little by sharing them. */
const MAX_KEPT = 4096

const kept = new Map<string, unknown>()

/** One object for all that are equal, as the key tells: a hundred thousand uses have a handful of layouts and fans among them. */
export function shared<T extends object>(key: string, value: T): T {
  const known = kept.get(key)
  if (known !== undefined) return known as T
  if (kept.size >= MAX_KEPT) kept.clear()
  kept.set(key, value)
  return value
}
