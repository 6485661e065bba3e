// What a node tells the child that stops it. Each server goes with a message of its own.
export type ToPauseChild =
  | { readonly kind: 'public' }
  | { readonly kind: 'admin' }
  | {
      readonly kind: 'begin'
      readonly parent: number
      readonly until: number
      readonly dataDir: string
      readonly adminToken: string | undefined
    }
  /** The answer is on its way. */
  | { readonly kind: 'stop' }

/** What the child tells: that it is ready to stop its parent. */
export type FromPauseChild = { readonly kind: 'ready' }
