// What can go wrong between a Testnet and its processes on this machine, one code for each case a caller can act on.

export type LocalErrorCode =
  | 'name-in-use'
  | 'left-behind'
  | 'other-spec'
  | 'suspended'
  | 'not-found'
  | 'ambiguous'
  | 'unreadable-state'
  | 'no-addresses'
  | 'disk-full'
  | 'no-permission'
  | 'node-failed'
  | 'not-ready'
  | 'supervisor-gone'
  | 'interrupted'

/** `message` says what was wrong and where, `mend` what to do about it. */
export class LocalError extends Error {
  readonly code: LocalErrorCode
  readonly mend: string
  /** Lines of evidence, such as the end of a log. */
  readonly detail: readonly string[]
  constructor(code: LocalErrorCode, message: string, mend: string, detail: readonly string[] = []) {
    super(message)
    this.name = 'LocalError'
    this.code = code
    this.mend = mend
    this.detail = detail
  }
}

/** Turns what the file system says into a LocalError; anything it does not know is returned as it came. */
export function fromSystemError(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new LocalError(
      'disk-full',
      `the disk of ${path} is full`,
      'free some space, or put the state elsewhere with TRELLIS_HOME=DIR',
    )
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new LocalError(
      'no-permission',
      `${path} cannot be written (${code})`,
      'make it writable, or put the state elsewhere with TRELLIS_HOME=DIR',
    )
  }
  if (code === 'ENOTDIR' || code === 'ENAMETOOLONG') {
    return new LocalError(
      'no-permission',
      `${path} cannot be a folder (${code})`,
      'put the state elsewhere with TRELLIS_HOME=DIR',
    )
  }
  return error
}
