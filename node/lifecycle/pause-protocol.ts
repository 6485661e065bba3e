// What a node tells the child that stops it: first how, and when that is ready, with a message each, its listening sockets.
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
  /** Stop the parent, then answer whoever asked for it: the connection goes with this message. */
  | { readonly kind: 'stop' }

/** What the child tells: that it is ready to stop its parent. */
export type FromPauseChild = { readonly kind: 'ready' }
