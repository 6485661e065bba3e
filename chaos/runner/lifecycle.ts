// What only the driver of the nodes can do to them. Each call resolves once it is done, and rejects with the reason.

export interface Lifecycle {
  /** Ends the node's process at once (SIGKILL) and keeps it down until `restart`. */
  kill(node: string, signal: AbortSignal): Promise<void>
  /** Stops the process where it stands (SIGSTOP). */
  pause(node: string, signal: AbortSignal): Promise<void>
  resume(node: string, signal: AbortSignal): Promise<void>
  /** Ends the process in order when it runs, and starts it again. */
  restart(node: string, signal: AbortSignal): Promise<void>
}
