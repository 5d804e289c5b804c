/** Lower case; what is not a letter, digit, `_` or `-` becomes `-`; at most 64 characters; "main" when nothing is left. */
export function normalAgentId(id: string): string {
  const normal = id
    .trim()
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, "-")
    .replace(/^[-_]+/, "")
    .slice(0, 64)
    .replace(/-+$/, "");
  return normal === "" ? "main" : normal;
}
