/** How much of everything is taken. A page that an agent wrote must not fill the gateway or stop a browser. */
export const LIMITS = {
  /** Bytes of one message. */
  messageBytes: 256 * 1024,
  /** Bytes of all messages of one push. */
  pushBytes: 1024 * 1024,
  /** Messages of one push. */
  pushMessages: 500,
  surfaces: 64,
  /** Components of one surface. */
  components: 2_000,
  /** Components that a surface draws without its templates: a component that two others show counts twice. */
  drawn: 10_000,
  /** How deep components are in each other, and values in the data. */
  depth: 64,
  /** Bytes of the data of one surface, as JSON. */
  dataBytes: 1024 * 1024,
  /** Bytes of one text. */
  textBytes: 64 * 1024,
} as const;

/** Names that reach into JavaScript's own objects; they are refused as keys and in paths. */
export const FORBIDDEN_NAMES: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);
