// The named maxima and times of synchronisation. Wire limits are part of the protocol; the others are this node's choice.

/** Hashes in a locator: dense near the tip, then exponentially sparse, so 64 reach beyond any chain's length. */
export const MAX_LOCATOR = 64
export const MAX_HEADERS_PER_ANSWER = 512
/** Headers travel in frames of this many, so no frame comes near a stack's frame limit. */
export const HEADERS_PER_FRAME = 64
export const MAX_BODIES_PER_REQUEST = 64
/** A bodies answer ends after the body that passes this; the asker asks for the rest again. */
export const MAX_BODIES_ANSWER_BYTES = 4 * 1024 * 1024
export const MAX_CERTIFICATES_PER_ANSWER = 64
export const MAX_POOL_REQUEST = 256
export const MAX_POOL_ANSWER_BYTES = 1024 * 1024

/** Peers the scheduler knows; as many as a node may have connections (api/node-config.ts: 125 + 1,000). */
export const MAX_SYNC_PEERS = 1_125
/** Validated headers whose blocks are not imported yet. A fork longer than this is fetched before it proves more work. */
export const MAX_PENDING_HEADERS = 8_192
/** Bodies asked for, held or in import at one time. */
export const MAX_BODIES_AHEAD = 768
/** Bytes of bodies held plus what the open requests may bring at worst. */
export const MAX_BODY_BYTES_AHEAD = 64 * 1024 * 1024
/** No more bodies are asked for while this much waits for its import; decoded it takes about five times as much. */
export const MAX_HELD_BODY_BYTES = 16 * 1024 * 1024
/** Blocks handed to the importer and not answered yet: enough for it to keep its signature threads busy. */
export const MAX_IMPORTING = 64
/** Hashes of invalid blocks remembered, so that nobody makes us fetch them twice. */
export const MAX_INVALID = 1_024
/** Times a block may come back from the importer without a verdict before its branch is given up. */
export const MAX_IMPORT_ATTEMPTS = 5

/** Young header requests at one time: peers that disagree are heard in parallel. */
export const MAX_HEADER_REQUESTS = 3
/** Body requests open at one peer: the second fills the pipe while the first is on its way. */
export const MAX_BODY_REQUESTS_PER_PEER = 2
/** A peer is asked for as many bodies as it delivers in this time, so a request is neither chatty nor a hostage. */
export const REQUEST_TARGET_MS = 500
export const FIRST_CHUNK = 16
/** Smaller pieces than this cost more in round trips than they gain in parallelism. */
export const MIN_CHUNK = 4

/** A request without any progress for this long is given up; what a stalled peer costs at most. */
export const STALL_MS = 3_000
/** A request older than this is given up however busily it drips. */
export const REQUEST_MAX_MS = 15_000
/** A header request older than this no longer keeps others from being asked. */
export const HEDGE_MS = 1_000
/** Near the head a near peer need not wait that long for a far one: four of its round trips, but at least this. */
export const MIN_HEDGE_MS = 150
/** The next needed block is late after this much silence (or four round trips, if longer) and is asked of a second peer. */
export const LATE_MS = 500
/** Blocks asked of a second peer at a time. */
export const MAX_RESCUE = 8
/** A block seen by gossip has this long to be imported before its headers are asked for. */
export const GOSSIP_GRACE_MS = 500
/** A branch with too little work that nobody extends is forgotten after this. */
export const BRANCH_IDLE_MS = 30_000
/** The same certificates are asked of the same peer at most this often. */
export const FINALITY_RETRY_MS = 2_000
export const BACKOFF_MIN_MS = 250
export const BACKOFF_MAX_MS = 15_000
