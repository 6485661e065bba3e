// The two clocks of a node. Dates (block timestamps, what people read) come from the wall clock, which may be set at any
// moment; waiting times, rates and scores come from this one, which only runs forward.

/** Milliseconds since the epoch as of the start of the process, counted by a clock nobody sets. */
export const steadyNow = (): number => performance.timeOrigin + performance.now()
