/** Names that say of a value that it is a secret. */
import { usersIn } from "./addresses.ts";
import { hasKeyShape } from "./key-shapes.ts";

/** Whether a setting holds a secret, judged by its path and value, in known and unknown parts of the config. */
export function isSecretSetting(path: readonly string[], value: string): boolean {
  const names = namesOf(path);
  const name = names.at(-1) ?? "";
  if (isSecretName(name) || (!OPEN_NAME.test(name) && SETTING_NAME.test(name))) return true;
  if (isInMap(path)) return true;
  return namedWithin(value).length > 0 || usersIn(value).length > 0 || hasKeyShape(value);
}

/**
 * Whether a number is where a secret belongs: a password of digits without quotes. A number under a plural name
 * (`maxTokens`) is a count.
 */
export function isSecretNumber(path: readonly string[]): boolean {
  return isSecretName(namesOf(path).at(-1) ?? "") || isInMap(path);
}

/** Whether a name is that of a secret: a setting, a variable, a header, a field of a log line. */
export function isSecretName(name: string): boolean {
  return !OPEN_NAME.test(name) && hasSecretName(name);
}

/** The names of a path, without positions in lists. */
function namesOf(path: readonly string[]): string[] {
  return path.filter((name) => !/^\d+$/.test(name));
}

/** Whether a path is within a map of secrets, or in a list that stands for one (`env: ["NAME=value"]`). */
function isInMap(path: readonly string[]): boolean {
  return path.slice(0, -1).some((name) => MAP_NAME.test(name));
}

/** Values that a text itself names as secrets: in the query of an address, after `--token=`, or as `TOKEN=value`. */
export function namedWithin(text: string): string[] {
  if (!text.includes("=")) return [];
  return [...text.matchAll(NAMED)].flatMap(([, name = "", value = ""]) => (isSecretName(name) ? [value] : []));
}

const NAMED = /(?:[?&]|(?<![^\s"'])-{0,2})([\w.-]{1,64})=([^&#\s"']+)/g;

/** Whether a user name is itself a key, as in `https://KEY:x-oauth-basic@host`. */
export function isKeyLike(name: string): boolean {
  return name.length >= 16 && /\d/.test(name);
}

/** Names that end like that of a secret and are not one. */
const OPEN_NAME = /(?:main|public|session|sort|primary)[-_]?key$|session$/i;

/** Names of lists of secrets, beside those that `hasSecretName` knows. */
const SETTING_NAME = /(?:tokens?|passwords?|secrets?|api[-_]?keys?|authorization|cookies?|private[-_]?key)$/i;

/** Names of maps whose values are all secrets. */
const MAP_NAME =
  /^(?:env|environ|environment|(?:env|environment)[-_]?(?:vars?|variables)|(?:[a-z-]*[-_])?headers|[a-z]+Headers)$/i;

/** Whether the name of a variable or header ends like that of a secret; its value then always counts as one. */
export function hasSecretName(name: string): boolean {
  return SECRET_NAME.test(name) || SHORT_SECRET_NAME.test(name);
}

const SECRET_NAME =
  /(?:token|password|passwort|passwd|passphrase|passcode|pwd|(?<!by|com|sur|tres|under|over)pass|secret|key|auth|authorization|credentials?|creds|cookie|session|signature|dsn|jwt|bearer|connection[-_]?string|webhook[-_]?url)$/i;

/** Short words that also end ordinary words: they must be alone, as in `DB_PIN` and `dbPin`. */
const SHORT_SECRET_NAME =
  /(?:(?:^|[^A-Za-z])(?:[Pp][Ii][Nn]|[Pp][Aa][Tt]|[Oo][Tt][Pp]|[Pp][Ww]|[Ss][Aa][Ll][Tt])|[a-z](?:Pin|PIN|Pat|PAT|Otp|OTP|Pw|PW))$/;
