/** The limits of a connection. */

/** Limits of a connection (protocol: transport; today's numbers, which January clients accept). */
export const LIMITS = {
  /** Largest message before the handshake, bytes. */
  preAuthPayload: 64 * 1024,
  /** Largest message after it, bytes. */
  maxPayload: 25 * 1024 * 1024,
  /** Bytes that may wait for a slow reader before events are dropped or the connection is closed. */
  maxBufferedBytes: 8 * 1024 * 1024,
  /**
   * Bytes that may wait for all slow readers together. With many slow readers, each may have less than
   * `maxBufferedBytes`.
   */
  maxBufferedTotal: 24 * 1024 * 1024,
  /**
   * Bytes of requests without a first answer. Beyond this no more frames are read; a single larger request is read
   * alone.
   */
  maxUnansweredBytes: 8 * 1024 * 1024,
  /** How long a connection may stay over `maxBufferedBytes` with answers alone, ms. */
  slowForMs: 10_000,
  /** How long a client may read nothing of an answer over HTTP, ms. */
  stalledMs: 30_000,
  /** Requests that one connection may have unanswered. */
  maxInFlight: 1024,
  /** From our close frame to the peer's, ms. */
  closeMs: 2_000,
  /** From socket to hello-ok, ms. */
  handshakeMs: 10_000,
  tickIntervalMs: 30_000,
  pingIntervalMs: 30_000,
} as const;
