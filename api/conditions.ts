// Conditions as every Kubernetes tool reads them (metav1.Condition), and the types that ours have.
import { z } from 'zod'

/** As metav1.Condition bounds them, but for the message: 32,768 characters there. */
const MAX_REASON_CHARS = 1_024
export const MAX_CONDITION_MESSAGE_CHARS = 2_048
const MAX_CONDITIONS = 16

export const conditionSchema = z.strictObject({
  type: z.string().min(1).max(316),
  status: z.enum(['True', 'False', 'Unknown']),
  /** The generation of the object that this was said of. */
  observedGeneration: z.int().min(0).optional(),
  /** When `status` last changed. */
  lastTransitionTime: z.iso.datetime().max(64),
  reason: z
    .string()
    .min(1)
    .max(MAX_REASON_CHARS)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/, 'expected a word in camel case'),
  message: z.string().max(MAX_CONDITION_MESSAGE_CHARS),
})
export type Condition = z.infer<typeof conditionSchema>

export const conditions = z.array(conditionSchema).max(MAX_CONDITIONS).optional()

/** Of a Testnet, in the order a network comes up; `Ready` sums them up. */
export const testnetConditions = ['Provisioned', 'Connected', 'Converged', 'Finalizing', 'Ready'] as const
export type TestnetCondition = (typeof testnetConditions)[number]
