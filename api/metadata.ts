// What every document of ours begins with.
import { z } from 'zod'

export const apiVersion = 'trellis.dev/v1alpha1'

/** A name that is also a DNS label (RFC 1123), because it becomes part of host names. */
export const objectName = (maxChars: number, example: string) =>
  z
    .string()
    .min(1)
    .max(maxChars)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'expected lowercase letters, digits and dashes')
    .meta({ title: 'a name', examples: [example] })

/** Labels and annotations are kept as they are; nothing here reads them. */
export const metadata = (name: z.ZodString) =>
  z.strictObject({
    name,
    labels: z.record(z.string().max(317), z.string().max(63)).optional(),
    annotations: z.record(z.string().max(317), z.string().max(4_096)).optional(),
  })
