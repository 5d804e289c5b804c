/** An id that is normal already, as nearly all are; it is asked for with each message, and four times with each connect. */
const NORMAL = /^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9_])?$/;

/** Lower case; what is not a letter, digit, `_` or `-` becomes `-`; at most 64 characters; "main" when nothing is left. */
export function normalAgentId(id: string): string {
  if (NORMAL.test(id)) return id;
  const normal = id
    .trim()
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, "-")
    .replace(/^[-_]+/, "")
    .slice(0, 64)
    .replace(/-+$/, "");
  return normal === "" ? "main" : normal;
}
