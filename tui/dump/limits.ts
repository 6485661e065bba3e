// How large an archive of `trellis dump` may get. What is beyond is left out, and the archive says so.

/** The end of each log file: what was said last says most. */
export const MAX_LOG_BYTES = 1024 * 1024
/** Any other file. */
export const MAX_FILE_BYTES = 4 * 1024 * 1024
/** All files together, before they are compressed. */
export const MAX_TOTAL_BYTES = 256 * 1024 * 1024
/** Nodes of which more than their line in nodes.json is kept: the first of each group come first. */
export const MAX_NODES = 256
/** Objects of one kind of a cluster. */
export const MAX_OBJECTS = 2_000
/** Nodes asked at a time. */
export const MAX_AT_ONCE = 16
/** A node that does not answer within this is told as silent. */
export const ANSWER_WITHIN_MS = 3_000
/** Notes about what is missing or was cut. */
export const MAX_NOTES = 2_000
