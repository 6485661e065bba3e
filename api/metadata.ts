// What every document of ours begins with.
import { z } from 'zod'

export const apiVersion = 'trellis.dev/v1alpha1'

const name = (maxChars: number, example: string, pattern: RegExp, expected: string) =>
  z
    .string()
    .min(1)
    .max(maxChars)
    .regex(pattern, `expected ${expected}`)
    .meta({ title: 'a name', examples: [example] })

/** A name that is also a DNS label (RFC 1123), because it becomes part of host names. */
export const objectName = (maxChars: number, example: string) =>
  name(maxChars, example, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'lowercase letters, digits and dashes')

/** A name that names of Services begin with: they are older labels (RFC 1035), which begin with a letter. */
export const leadingName = (maxChars: number, example: string) =>
  name(maxChars, example, /^[a-z]([-a-z0-9]*[a-z0-9])?$/, 'lowercase letters, digits and dashes, a letter first')

/** Labels and annotations are kept as they are; nothing here reads them. */
export const metadata = (name: z.ZodString) =>
  z.strictObject({
    name,
    labels: z.record(z.string().max(317), z.string().max(63)).optional(),
    annotations: z.record(z.string().max(317), z.string().max(4_096)).optional(),
  })
