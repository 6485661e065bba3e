// Parses what clients put into paths and query strings. Everything refused names its field.
import type { Request } from 'express'
import { HttpError } from './errors.ts'

const hex32 = /^[0-9a-f]{64}$/

/** 64 lowercase hex digits out of the path. @throws HttpError */
export function hexParameter(request: Request, name: string): string {
  const value = parameter(request, name)
  if (!hex32.test(value)) throw new HttpError('bad-request', `${name}: expected 64 lowercase hex digits`, name)
  return value
}

/** A path parameter of at most 253 characters. @throws HttpError */
export function parameter(request: Request, name: string): string {
  const value = request.params[name]
  if (typeof value !== 'string' || value.length === 0 || value.length > 253) {
    throw new HttpError('bad-request', `${name}: expected 1 to 253 characters`, name)
  }
  return value
}

/** A block's hash, or its height as a number. @throws HttpError */
export function hashOrHeight(request: Request, name: string): string | number {
  const value = parameter(request, name)
  if (hex32.test(value)) return value
  if (/^\d{1,15}$/.test(value)) return Number(value)
  throw new HttpError('bad-request', `${name}: expected a height or a hash of 64 lowercase hex digits`, name)
}

/** A whole number of the query string within bounds, or `otherwise` when it is absent. @throws HttpError */
export function integerQuery(request: Request, name: string, min: number, max: number, otherwise: number): number {
  const value = textQuery(request, name)
  if (value === undefined) return otherwise
  const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
  if (!(number >= min && number <= max)) {
    throw new HttpError('bad-request', `${name}: expected a whole number from ${min} to ${max}`, name)
  }
  return number
}

/** A query parameter that is given at most once. @throws HttpError */
export function textQuery(request: Request, name: string): string | undefined {
  const value = request.query[name]
  if (value === undefined) return undefined
  if (typeof value !== 'string') throw new HttpError('bad-request', `${name}: given more than once`, name)
  return value
}

/** Refuses query parameters nobody reads, so that a typing error does not pass for a default. @throws HttpError */
export function onlyQuery(request: Request, ...names: string[]): void {
  for (const name of Object.keys(request.query)) {
    if (names.includes(name)) continue
    const known = names.length > 0 ? `known: ${names.join(', ')}` : 'none is known here'
    throw new HttpError('bad-request', `${name.slice(0, 64)}: unknown query parameter; ${known}`, name.slice(0, 64))
  }
}
