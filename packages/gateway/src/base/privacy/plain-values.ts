/**
 * Tells which values of an environment or of headers are plain settings. The list is positive: any other value counts
 * as a secret.
 */

/** Whether a value is a plain setting by its form; `name` is the name of the variable or header. */
export function isPlainValue(name: string, value: string): boolean {
  if (value.length > LONGEST) return false;
  const parts = value.split(",").map((part) => part.trim());
  return parts.every((part) => part.length < SHORT || isPlain(part) || (PLAIN_NAME.test(name) && WORDS.test(part)));
}

/** The longest plain setting; checking long texts would take long. */
const LONGEST = 1_000;

/** Shorter values cannot be removed from a text without removing other words. */
const SHORT = 6;

function isPlain(value: string): boolean {
  return PLAIN_WORDS.has(value.toLowerCase()) || PLAIN_SHAPES.some((shape) => shape.test(value)) || isPlainUrl(value);
}

const PLAIN_WORDS: ReadonlySet<string> = new Set(
  (
    "enabled disabled default automatic always normal ignore inherit required optional preferred strict " +
    "production development staging testing preview sandbox release canary stable nightly " +
    "silent notice warning verbose critical emergency logfmt pretty compact console stdout stderr syslog " +
    "localhost loopback memory sqlite postgres postgresql mysql mariadb mongodb redis docker podman systemd " +
    "openai anthropic google gemini ollama bedrock vertex openrouter mistral whisper github gitlab " +
    "streamable-http websocket keep-alive no-cache no-store english german french spanish utf-16 us-ascii " +
    "telegram discord whatsapp imessage webchat signal xterm-256color chrome firefox chromium webkit headless"
  ).split(" "),
);

/** Names whose variables hold ordinary words; a secret there would hold digits or signs. */
const PLAIN_NAME =
  /(?:^|[-_])(?:env|environment|mode|level|format|host|hostname|region|zone|locale|lang|language|tz|timezone|model|provider|user|username|database|db|schema|shell|editor|pager|term|theme|encoding|charset|version|accept|type|agent|title|bucket|profile|branch)$/i;
const WORDS = /^[a-z]{1,16}(?:[-_. ][a-z]{1,16}|[-_.]\d{1,4})*$/i;

const PLAIN_SHAPES: readonly RegExp[] = [
  // Numbers: small ones, round ones, with a unit, versions, dates.
  /^[+-]?\d{1,5}(?:\.\d{1,4})?$/,
  /^\d{1,6}0{3,6}$/,
  /^\d{1,6} ?(?:ms|s|m|h|d|%|[kmg]i?b?|seconds?|minutes?|hours?|days?)$/i,
  /^v?\d{1,4}(?:\.\d{1,4}){1,3}(?:-[a-z]{1,10}(?:\.\d{1,4})?)?$/,
  /^\d{4}-\d\d-\d\d$/,
  // Places: a path of this machine, a list of them.
  /^(?:~|\.{0,2})(?:\/[a-z._-]{1,40}\/?|(?:\/[\w.@ -]{1,64}){2,}\/?)(?::(?:~|\.{0,2})(?:\/[\w.@-]{1,64})+\/?)*$/i,
  /^[A-Z]:\\[\w .\\()-]*$/,
  // Hosts, and hosts with a port.
  /^(?:\d{1,3}\.){3}\d{1,3}(?:[:/]\d{1,5})?$/,
  /^(?:[a-z]{1,20}-?){1,4}(?:\.[a-z0-9-]{1,40}){0,4}:\d{2,5}$/,
  /^(?:[a-z0-9-]{1,40}\.){1,4}(?:com|org|net|io|dev|local|internal|lan|ai|app|cloud|example|test)$/,
  // Languages, regions, time zones.
  /^[a-z]{2,3}[-_][A-Z]{2}(?:\.[\w-]{1,12})?(?:@[a-z]{1,10})?(?:;q=0\.\d)?$/,
  /^(?:us|eu|ap|sa|ca|me|af|il)(?:-gov)?-[a-z]{4,12}-?\d{1,2}[a-f]?$/,
  /^(?:Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific|Etc)\/[\w+/-]{1,40}$/,
  // Kinds of content, programs with their version, options of a program.
  /^(?:application|text|image|audio|video|multipart)\/[\w.+*-]{1,60}(?:; ?charset=[\w-]{1,12})?$/,
  /^[a-z]{2,20}\/\d{1,4}(?:\.\d{1,4}){0,3}$/i,
  /^--?[a-z]{1,20}(?:-[a-z]{1,20}){0,5}(?:=(?:\d{1,5}|true|false))?(?: --?[a-z]{1,20}(?:-[a-z]{1,20}){0,5}(?:=(?:\d{1,5}|true|false))?)*$/,
];

/** Whether an address has no query and no key in its path. Its user part is handled separately. */
function isPlainUrl(value: string): boolean {
  const url = /^[a-z][a-z0-9+.-]{1,30}:\/\//i.test(value) ? URL.parse(value.replace(/:\/\/.*@/s, "://")) : null;
  return url !== null && url.search === "" && url.hash === "" && !url.pathname.split("/").some(isKeyLike);
}

function isKeyLike(part: string): boolean {
  return part.length >= 16 && /\d/.test(part) && /[a-z]/i.test(part);
}
