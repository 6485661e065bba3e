// Words for values: no panel says something by colour alone.
import type { Color, Meaning } from './panel.ts'

export const exactly = (value: number, text: string, color: Color): Meaning => ({ from: value, to: value, text, color })
/** Both bounds included. */
export const within = (from: number, to: number, text: string, color: Color): Meaning => ({ from, to, text, color })
export const atLeast = (from: number, text: string, color: Color): Meaning => ({ from, to: null, text, color })

/** Of a series that is 1 while something holds. */
export const yesOrNo = (yes: Color, no: Color): readonly Meaning[] => [exactly(0, 'no', no), exactly(1, 'yes', yes)]

/** Of `trellis_testnet_node_head_group`. */
export const headGroup: readonly Meaning[] = [
  exactly(0, 'no answer', 'gray'),
  exactly(1, 'largest group', 'green'),
  exactly(2, 'second group', 'orange'),
  exactly(3, 'third group', 'purple'),
  atLeast(4, 'smaller group', 'red'),
]

/** Of `trellis_testnet_head_groups`. */
export const headGroups: readonly Meaning[] = [
  exactly(0, 'nobody answers', 'gray'),
  exactly(1, 'one chain', 'green'),
  atLeast(2, 'split', 'red'),
]
