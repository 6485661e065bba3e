// Reads the file a command was given.
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { MAX_INPUT_CHARS } from '../api/parse.ts'
import { UsageError } from './exit-codes.ts'

/** UTF-8 takes at most four bytes a character. */
const MAX_BYTES = MAX_INPUT_CHARS * 4

/** The text of a file; `-` reads standard input. Throws UsageError. */
export function readInput(file: string): string {
  let fd: number | undefined
  try {
    fd = file === '-' ? 0 : openSync(file, 'r')
    const stat = fstatSync(fd)
    if (stat.isDirectory()) throw new UsageError(`${file} is a folder`, 'name a YAML file in it')
    if (stat.size > MAX_BYTES) throw new UsageError(`${file} has ${stat.size} bytes`, `a file may have ${MAX_BYTES}`)
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(fd))
  } catch (error) {
    if (error instanceof UsageError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new UsageError(`${file} does not exist`, 'check the path; examples are in examples/')
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      throw new UsageError(`${file} is not UTF-8 text`, 'save it as UTF-8')
    throw new UsageError(`${file} cannot be read: ${message}`, 'check its permissions')
  } finally {
    if (fd !== undefined && fd !== 0) closeSync(fd)
  }
}
