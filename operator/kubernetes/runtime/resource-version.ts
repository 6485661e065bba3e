// Resource versions are opaque but for one promise: of one resource they can be compared when both are decimal numbers
// (KEP-5504, Kubernetes 1.35). They may exceed 2^53, so they are compared as text.

const DECIMAL = /^[1-9][0-9]*$/

/** True when `a` was surely written before `b`; false when not, or when nobody can tell. */
export function isOlder(a: string, b: string): boolean {
  if (!DECIMAL.test(a) || !DECIMAL.test(b)) return false
  return a.length === b.length ? a < b : a.length < b.length
}
