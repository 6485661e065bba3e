// Everything the agent holds or reads has a maximum.

/** What holds rows under a name of its own at one moment. A runner may name each fault of an experiment apart: 64 of 4. */
export const MAX_EXPERIMENTS = 256
/** Rows of one experiment: one for each of its faults. */
export const MAX_ROWS = 64
/** Peers named by all rows together. */
export const MAX_MEMBERS = 65_536
/** Different composed links that delay or slow traffic at one moment: each is a class of its own in the kernel. */
export const MAX_SHAPES = 1_024
/** Ended rows and ended experiments that are remembered, the oldest forgotten first. */
export const MAX_ENDED = 1_024
/** A row of 10,000 peers takes about 1.5 MiB. */
export const MAX_BODY_BYTES = 8 * 1024 * 1024
/** The furthest away that a lease may end, unless the agent's owner says another. */
export const DEFAULT_MAX_LEASE_MS = 60_000
/** What a command of the kernel's tools may print: the sets of 65,536 members take about 6 MiB. */
export const MAX_OUTPUT_BYTES = 16 * 1024 * 1024
/** How long a command of the kernel's tools may take. */
export const COMMAND_TIMEOUT_MS = 10_000
/**
 * A timeout that rounds to no tick of the kernel's clock (10 ms at 100 Hz) makes a member that never leaves: what is
 * left of a lease below this is not entered at all.
 */
export const MIN_TIMEOUT_MS = 20
