/** What the checks of `moltbot doctor` find. */

/** What one check found. */
export interface Finding {
  readonly level: "ok" | "warn" | "fail";
  readonly subject: string;
  readonly says: string;
  /** What to do about it. */
  readonly fix?: string;
  /** The finding says that the gateway does not run. */
  readonly isDown?: true;
}
