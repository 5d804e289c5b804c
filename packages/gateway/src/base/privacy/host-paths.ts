/** Hides paths of this machine in texts for readers who do not administer the gateway. */

/** A folder, and the word that replaces it in a text. */
export interface Place {
  readonly path: string;
  readonly shown: string;
}

/** Shorter paths are part of too many other paths. */
const MIN_CHARS = 4;

/** Makes the function that replaces the paths of `places`, the longest first. */
export function concealer(places: readonly Place[]): (text: string) => string {
  const shown = new Map(
    places.filter(({ path }) => path.length >= MIN_CHARS).map((place) => [place.path, place.shown]),
  );
  const paths = [...shown.keys()].sort((a, b) => b.length - a.length);
  if (paths.length === 0) return (text) => text;
  // Within JSON a path may follow an escape such as \n, whose letter does not belong to it.
  const before = "(?:(?<![\\w.-])|(?<=\\\\[bfnrt]))";
  const found = new RegExp(`${before}(?:${paths.map((path) => RegExp.escape(path)).join("|")})(?![\\w-])`, "g");
  return (text) => (paths.some((path) => text.includes(path)) ? text.replace(found, (path) => shown.get(path)!) : text);
}
