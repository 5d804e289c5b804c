/** What must not leave the process: the values that the settings and the environment keep, and whatever is shaped like a key. */

import { ignore } from "../errors.ts";
import { type AddressUser, usersIn } from "./addresses.ts";
import { isPlainValue } from "./plain-values.ts";

/**
 * The secrets that are known. `redact` guards the log, `guard` every other text that leaves: replies, answers, events.
 * The log is stricter: there a word too much is hidden, here somebody could not read their answer.
 */
export class Secrets {
  readonly #inLog = new Set<string>();
  readonly #guarded = new Set<string>();
  /** The guarded ones as the base64 of a text holds them. */
  readonly #encoded = new Set<string>();
  /** Made of the guarded ones when it is first needed. */
  #finder: Finder | undefined;

  /** A password, a key or a token. Shorter than 6 characters it is none (and would black out half the log). */
  add(value: string | undefined): void {
    const secret = value?.trim() ?? "";
    if (secret.length < MIN_CHARS || VARIABLE.test(secret) || this.#inLog.has(secret)) return;
    const encoded = inBase64(secret.toWellFormed());
    for (const spelt of [...spellings(secret), ...encoded]) this.#inLog.add(spelt);
    if (!isTelling(secret)) return;
    for (const spelt of spellings(secret)) this.#guarded.add(spelt);
    for (const spelt of encoded) this.#encoded.add(spelt);
    this.#finder = undefined;
  }

  /** A value of an environment, a header, or another map whose values are kept: what is plainly a setting is no secret. */
  addNamed(name: string, value: string | undefined): void {
    if (value === undefined) return;
    const [, listed] = /^\d+$/.test(name) ? (/^\w+=(.+)$/s.exec(value.trim()) ?? []) : [];
    this.add(listed);
    const [, scheme, credential = ""] = /^(Bearer|Basic|Token)\s+(\S+)$/i.exec(value.trim()) ?? [];
    this.add(credential);
    if (scheme?.toLowerCase() === "basic")
      this.add(
        Buffer.from(credential, "base64")
          .toString()
          .replace(/^[^:]*:/, ""),
      );
    if (hasSecretName(name) || !isPlainValue(name, value.trim())) this.add(value);
  }

  /** The name and the password in the addresses that a text holds, and what it names itself as a secret. */
  addFromAddresses(text: string): void {
    for (const named of namedWithin(text)) this.#addAsMeant(named);
    for (const user of usersIn(text)) {
      for (const part of secretPartsOf(user)) this.#addAsMeant(part);
      // As the header of a request says it.
      for (const whole of [user.whole, decoded(user.whole)])
        if (whole.length >= SURE_CHARS) this.add(Buffer.from(whole).toString("base64"));
    }
  }

  #addAsMeant(value: string): void {
    this.add(value);
    this.add(decoded(value));
  }

  /** What a config keeps, as far as names and values tell; `path` is where `value` stands in it. */
  learn(value: unknown, path: readonly string[] = []): void {
    if (typeof value === "string") {
      this.addFromAddresses(value);
      if (isSecretSetting(path, value)) this.addNamed(path.at(-1) ?? "", value);
    } else if (typeof value === "number") {
      if (isSecretNumber(path)) this.addNamed(path.at(-1) ?? "", String(value));
    } else if (typeof value === "object" && value !== null)
      for (const [name, inner] of Object.entries(value)) this.learn(inner, [...path, name]);
  }

  /** `text` for the log, with every known secret, and everything shaped like a key, replaced. */
  redact(text: string): string {
    return withoutShapes(without(text, this.#inLog, { withinWords: true }));
  }

  /** `text` as it may leave the process: a message, an answer, an event, in JSON or as it is. */
  guard(text: string): string {
    if (text.length < LARGE_CHARS) return this.#guardPart(text);
    return betweenFiles(
      text,
      (part) => this.#guardPart(part),
      (file) => without(file, this.#found.inFiles),
    );
  }

  /**
   * The longest beginning of a text that may leave while the text still grows, guarded. What could become a secret at its
   * end waits until it is decided, or the text `isOver`; what is shorter than 4 characters does not wait.
   */
  settled(text: string, isOver = false): string {
    return this.guard(isOver ? text : text.slice(0, Math.min(this.#begunAt(text), shapeBegunAt(text))));
  }

  /** Where, at the end of a text, a known secret begins that the text may go on with; its length when none does. */
  #begunAt(text: string): number {
    let first = text.length;
    for (const secret of this.#guarded) {
      // A short one must stand alone to be one, which what follows decides.
      const longest = secret.length < SURE_CHARS ? secret.length : secret.length - 1;
      const start = secret.slice(0, BEGUN_CHARS);
      let at = text.indexOf(start, Math.max(0, text.length - longest));
      while (at >= 0 && at < first) {
        if (secret.startsWith(text.slice(at))) first = at;
        else at = text.indexOf(start, at + 1);
      }
    }
    return first;
  }

  #guardPart(text: string): string {
    const { plain, encoded } = this.#found;
    const shown = plain.any.test(text) ? without(text, plain.all) : text;
    return withoutShapes(hasBase64(shown) && encoded.any.test(shown) ? without(shown, encoded.all) : shown);
  }

  get #found(): Finder {
    this.#finder ??= finderOf(this.#guarded, this.#encoded);
    return this.#finder;
  }
}

interface Finder {
  readonly plain: Known;
  readonly encoded: Known;
  /** Those that could stand as they are within what looks like the base64 of a file. A file that tells one stays whole. */
  readonly inFiles: readonly string[];
}

interface Known {
  /** The longest first: what is left of one after a part of it was taken out would be told. */
  readonly all: readonly string[];
  /** Finds whether any of them is in a text: one look at each frame instead of one for each secret. */
  readonly any: RegExp;
}

function finderOf(guarded: Iterable<string>, encoded: Iterable<string>): Finder {
  const plain = knownOf(guarded);
  return {
    plain,
    encoded: knownOf(encoded),
    inFiles: plain.all.filter((each) => base64End(each, 0) === each.length),
  };
}

function knownOf(secrets: Iterable<string>): Known {
  const all = [...secrets].sort((a, b) => b.length - a.length);
  // Without any, the pattern finds nothing in any text.
  return { all, any: new RegExp(all.map((each) => RegExp.escape(each)).join("|") || "(?!)") };
}

const HIDDEN = "[redacted]";
const MIN_CHARS = 6;
/** A variable that a config names in a secret's place: its name tells nothing. */
const VARIABLE = /^\$\{[A-Z_][A-Z0-9_]*\}$/;

/** Whether a setting holds a secret, by its place and by what it is: in any part of the config, known or not. */
export function isSecretSetting(path: readonly string[], value: string): boolean {
  const names = namesOf(path);
  const name = names.at(-1) ?? "";
  if (isSecretName(name) || (!OPEN_NAME.test(name) && SETTING_NAME.test(name))) return true;
  if (isInMap(path)) return true;
  return namedWithin(value).length > 0 || usersIn(value).length > 0 || hasKeyShape(value);
}

/**
 * Whether a number stands where a secret belongs: a password of digits that was written without quotes. A number under a
 * name for several (`maxTokens`) counts something.
 */
export function isSecretNumber(path: readonly string[]): boolean {
  return isSecretName(namesOf(path).at(-1) ?? "") || isInMap(path);
}

/** Whether what has this name is a secret: a setting, a variable, a header, a field of a line of the log. */
export function isSecretName(name: string): boolean {
  return !OPEN_NAME.test(name) && hasSecretName(name);
}

/** A place without the positions in lists. */
function namesOf(path: readonly string[]): string[] {
  return path.filter((name) => !/^\d+$/.test(name));
}

/** Whether a place is within a map whose values are kept, or in a list in its stead (`env: ["NAME=value"]`). */
function isInMap(path: readonly string[]): boolean {
  return path.slice(0, -1).some((name) => MAP_NAME.test(name));
}

/** Values that a text names itself: in the query of an address, behind `--token=`, or as `TOKEN=value`. */
function namedWithin(text: string): string[] {
  if (!text.includes("=")) return [];
  return [...text.matchAll(NAMED)].flatMap(([, name = "", value = ""]) => (isSecretName(name) ? [value] : []));
}

const NAMED = /(?:[?&]|(?<![^\s"'])-{0,2})([\w.-]{1,64})=([^&#\s"']+)/g;

/** The parts of an address's user that are told to nobody: the password, a name that is a key, pieces that errors repeat. */
function secretPartsOf({ name, password }: AddressUser): string[] {
  if (password === undefined || password === "") return [name];
  const pieces = password
    .split(/[@/?#]/)
    .filter((piece) => piece.length >= MIN_CHARS && !/^(?:[a-z]+|\d+)$/i.test(piece));
  return [password, ...pieces, ...(isKeyLike(name) ? [name] : [])];
}

/** A name before a password that is a key itself, as `https://KEY:x-oauth-basic@host`. */
function isKeyLike(name: string): boolean {
  return name.length >= 16 && /\d/.test(name);
}

/** What ends like the name of a secret and is none. */
const OPEN_NAME = /(?:main|public|session|sort|primary)[-_]?key$|session$/i;

/** Lists of secrets, besides what `hasSecretName` names. */
const SETTING_NAME = /(?:tokens?|passwords?|secrets?|api[-_]?keys?|authorization|cookies?|private[-_]?key)$/i;

/** Maps whose values are kept, all of them. */
const MAP_NAME =
  /^(?:env|environ|environment|(?:env|environment)[-_]?(?:vars?|variables)|(?:[a-z-]*[-_])?headers|[a-z]+Headers)$/i;

/** Where names of variables and headers end so, the value is kept, whatever it looks like. */
function hasSecretName(name: string): boolean {
  return SECRET_NAME.test(name) || SHORT_SECRET_NAME.test(name);
}

const SECRET_NAME =
  /(?:token|password|passwort|passwd|passphrase|passcode|pwd|(?<!by|com|sur|tres|under|over)pass|secret|key|auth|authorization|credentials?|creds|cookie|session|signature|dsn|jwt|bearer|connection[-_]?string|webhook[-_]?url)$/i;

/** Words that end other words too: they must stand alone, as in `DB_PIN` and `dbPin`. */
const SHORT_SECRET_NAME =
  /(?:(?:^|[^A-Za-z])(?:[Pp][Ii][Nn]|[Pp][Aa][Tt]|[Oo][Tt][Pp]|[Pp][Ww]|[Ss][Aa][Ll][Tt])|[a-z](?:Pin|PIN|Pat|PAT|Otp|OTP|Pw|PW))$/;

/** What people write where a key is asked for and none is needed: words that stand in many other places. */
const PLACEHOLDERS = new Set(
  "ollama,lmstudio,lm-studio,llama.cpp,llamacpp,llama-cpp,localai,vllm,local,localhost,none,null,dummy,unused,anything,placeholder,changeme,not-needed,not-required,no-key,no-key-required,sk-no-key-required,api-key,apikey,your-api-key,password,secret,token".split(
    ",",
  ),
);

/** Whether a secret can be taken out of a text without taking ordinary words along. */
function isTelling(secret: string): boolean {
  if (PLACEHOLDERS.has(secret.toLowerCase())) return false;
  if (/^\d+$/.test(secret)) return !ROUND_NUMBER.test(secret);
  return secret.length >= 8 || (secret.length >= MIN_CHARS && !/^[a-z]+$/i.test(secret));
}

/** Counts and sizes are written so. */
const ROUND_NUMBER = /^\d{1,4}0{3,}$|^(\d)\1*$/;

/** How a value may stand in a text: as it is, within JSON, within JSON within JSON, in an address, in a form. */
function spellings(value: string): Set<string> {
  const sound = value.toWellFormed();
  const quoted = inJson(value);
  const encoded = [encodeURIComponent(sound), encodeURI(sound), new URLSearchParams([["", sound]]).toString().slice(1)];
  const lower = encoded.map((each) => each.replace(/%[\dA-F]{2}/g, (code) => code.toLowerCase()));
  return new Set([value, quoted, inJson(quoted), ...encoded, ...lower]);
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** So long a secret is unmistakable by the middle of its base64; it also bounds how much is kept of a long one. */
const BASE64_BYTES = { least: 12, most: 1_024 };

/** Secrets of so many bytes are at least this long in base64. */
const LEAST_BASE64 = 14;

/** Whether a text has a run of base64 that could hold a secret. Looks at few of the characters of ordinary words. */
function hasBase64(text: string): boolean {
  let end = LEAST_BASE64 - 1;
  while (end < text.length) {
    let at = end;
    while (at > end - LEAST_BASE64 && IN_BASE64[text.charCodeAt(at)] === 1) at--;
    if (at === end - LEAST_BASE64) return true;
    end = at + LEAST_BASE64;
  }
  return false;
}

/**
 * What a secret is in the base64 of any text that holds it, as `Basic` headers do: by where it begins in a group of three
 * bytes. The characters that its neighbours decide too are not part of it.
 */
function inBase64(secret: string): string[] {
  const bytes = Buffer.from(secret);
  if (bytes.length < BASE64_BYTES.least || bytes.length > BASE64_BYTES.most) return [];
  return [0, 1, 2].map((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes]);
    const bits = whole.length * 8;
    return whole.toString("base64").slice(Math.ceil((before * 8) / 6), Math.floor(bits / 6));
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    ignore(error, "a text with other percent signs is itself");
    return text;
  }
}

/** Below this a secret must stand alone to be taken for itself. */
const SURE_CHARS = 12;

function without(text: string, values: Iterable<string>, { withinWords = false } = {}): string {
  let clean = text;
  for (const value of values) {
    if (!clean.includes(value)) continue;
    if (!withinWords && /^\d+$/.test(value)) clean = clean.replace(asNumber(value), "0").replace(alone(value), HIDDEN);
    else if (withinWords || value.length >= SURE_CHARS) clean = clean.replaceAll(value, HIDDEN);
    else clean = clean.replace(alone(value), HIDDEN);
  }
  return clean;
}

/** A secret of digits where a number of JSON stands, or a part of one: a word there would break the frame. */
function asNumber(digits: string): RegExp {
  return new RegExp(`(?<=[:,[]-?(?:\\d+\\.)?)${digits}(?=(?:\\.\\d+)?(?:e[+-]?\\d+)?[,}\\]])`, "g");
}

/** The value where no letter or digit stands beside it; an escape of JSON before it does not count. */
function alone(value: string): RegExp {
  const before = "(?:(?<![\\p{L}\\p{N}])|(?<=\\\\[bfnrt])|(?<=\\\\u[0-9a-f]{4}))";
  return new RegExp(`${before}${RegExp.escape(value)}(?![\\p{L}\\p{N}])`, "gu");
}

/** Provider keys, bot tokens, bearer headers and PEM blocks, by their published shapes; the hint says when to look closer. */
const SHAPES: readonly {
  readonly hints: readonly string[];
  /** Takes all of a run at once and looks no further ahead: a look ahead at each beginning takes years on a long text. */
  readonly shape: RegExp;
  /** Whether what has the shape is a key. */
  readonly is?: (found: string) => boolean;
}[] = [
  { hints: ["sk-"], shape: /\bsk-[A-Za-z0-9_-]{16,}/g, is: (found) => /[0-9A-Z]|[a-z]{16}/.test(found) },
  { hints: ["xox"], shape: /\bxox[a-z]-[A-Za-z0-9-]{10,}/g },
  { hints: ["xapp-"], shape: /\bxapp-[A-Za-z0-9-]{10,}/g },
  { hints: ["AIza"], shape: /\bAIza[A-Za-z0-9_-]{35}(?![\w-])/g },
  { hints: ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], shape: /\bgh[pousr]_[A-Za-z0-9]{30,}/g },
  { hints: [":"], shape: /\b\d{8,10}:[A-Za-z0-9_-]{35}\b/g },
  // "Bearer authentication" is English; a token has more in it than letters.
  {
    hints: ["earer"],
    shape: /\b[Bb]earer\s+(?=[A-Za-z]*(?:[0-9_~+/]|[.-][A-Za-z0-9])|[A-Za-z]{20})[A-Za-z0-9._~+/-]{8,}=*/g,
  },
  { hints: ["-----BEGIN"], shape: /-----BEGIN [A-Z ]+-----[^-]*-----END [A-Z ]+-----/g },
];

/** So much of a secret tells that it is one. */
const BEGUN_CHARS = 4;
/** A run of characters that is longer than this at a text's end is no key. */
const LONGEST_KEY = 512;
const LONGEST_PEM = 16_384;

/** What may become one of the shapes, at the end of a text. */
const BEGUN_SHAPES: readonly RegExp[] = [
  /\b(?:sk-|xox[a-z]-|gh[pousr]_)[\w-]*$/,
  /\b(?:xox[a-z]|xapp(?:-[\w-]*)?)$/,
  /\bAIza[\w-]{0,35}$/,
  /\b(?:\d{4,10}|\d{8,10}:[\w-]{0,35})$/,
  /\b[Bb]ear(?:e|er|er\s+[A-Za-z0-9._~+/-]*=*)?$/,
  /-{4,5}(?:B|BE|BEG|BEGI)?$/,
];
const PEM = "-----BEGIN";
const WHOLE_PEM = /^-----BEGIN [A-Z ]+-----[^-]*-----END [A-Z ]+-----/;
const BEGUN_PEM = /^-----BEGIN(?: [A-Z ]*(?:-{1,5}(?:[^-]*(?:-{1,5}[A-Z ]*-{0,5})?)?)?)?$/;

/** Where, at the end of a text, something begins that may become shaped like a key; its length when nothing does. */
function shapeBegunAt(text: string): number {
  const from = Math.max(0, text.length - LONGEST_KEY);
  const end = text.slice(from);
  const starts = BEGUN_SHAPES.map((shape) => end.search(shape)).filter((at) => at >= 0);
  const first = starts.length > 0 ? from + Math.min(...starts) : text.length;
  const pem = text.lastIndexOf(PEM);
  if (pem < 0 || text.length - pem > LONGEST_PEM) return first;
  const block = text.slice(pem);
  const [whole] = WHOLE_PEM.exec(block) ?? [];
  // The dashes at its end begin no other.
  if (whole !== undefined) return Math.max(first, pem + whole.length);
  return BEGUN_PEM.test(block) ? Math.min(first, pem) : first;
}

/** Whether a text holds something that is shaped like a key. */
export function hasKeyShape(text: string): boolean {
  return withoutShapes(text) !== text;
}

/** What every shape has in it. */
const ANY_HINT = /sk-|xox|xapp-|AIza|gh[pousr]_|earer|-----BEGIN|\d:[\w-]/;

function withoutShapes(text: string): string {
  if (!ANY_HINT.test(text)) return text;
  let clean = text;
  for (const { hints, shape, is = () => true } of SHAPES)
    if (hints.some((hint) => clean.includes(hint)))
      clean = clean.replace(shape, (found) => (is(found) ? HIDDEN : found));
  return clean;
}

/** From here on pictures are most of a text. */
const LARGE_CHARS = 65_536;
/** Where the base64 of a file may begin; only a long run of its characters is one. */
const FILE_START = /"(?:data|content|qrDataUrl|url)":"(?:data:[\w/+.-]+;base64,)?(?=[A-Za-z0-9+/]{512})/g;
const FILE_END = /={0,2}"/y;

/**
 * Applies `change` to what stands around the base64 of files, and `inFile` to that. A file is a string that holds nothing
 * else: a text that only begins like one is text.
 */
function betweenFiles(text: string, change: (part: string) => string, inFile: (run: string) => string): string {
  const parts: string[] = [];
  let isSame = true;
  const add = (part: string, changed: string) => {
    parts.push(changed);
    isSame &&= changed === part;
  };
  let from = 0;
  for (const { start, end } of filesIn(text)) {
    const before = text.slice(from, start);
    add(before, change(before));
    const file = text.slice(start, end);
    add(file, inFile(file));
    from = end;
  }
  const rest = text.slice(from);
  add(rest, change(rest));
  // Joining takes longer than all of the looking.
  return isSame ? text : parts.join("");
}

function* filesIn(text: string): Generator<{ readonly start: number; readonly end: number }> {
  let end = 0;
  for (;;) {
    FILE_START.lastIndex = end;
    const found = FILE_START.exec(text);
    if (!found) return;
    const start = found.index + found[0].length;
    end = base64End(text, start);
    FILE_END.lastIndex = end;
    if (FILE_END.test(text)) yield { start, end };
  }
}

/** Where a run of base64 ends. A loop, as a pattern takes four times as long over a picture. */
function base64End(text: string, start: number): number {
  let at = start;
  while (at < text.length && IN_BASE64[text.charCodeAt(at)] === 1) at++;
  return at;
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const IN_BASE64 = Uint8Array.from({ length: 128 }, (_, code) => Number(BASE64.includes(String.fromCharCode(code))));
