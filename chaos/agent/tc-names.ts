// Names in the traffic scheduler. The root's handle tells ours from everybody else's.
export const ROOT_HANDLE = '7e11'
/** The class that swallows packets. */
export const BLACKHOLE_MINOR = 0xfffe
/** Handles of the delay inside of a rate limit, apart from those of the classes' own schedulers. */
export const INNER_HANDLES = 0x1000

export const hex = (number: number): string => number.toString(16)
export const classId = (minor: number): string => `${ROOT_HANDLE}:${hex(minor)}`
