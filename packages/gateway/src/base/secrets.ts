/** What must not leave the process: the values that the settings and the environment keep, and whatever is shaped like a key. */

/**
 * The secrets that are known. `redact` guards the log, `guard` every other text that leaves: replies, answers, events.
 * The log is stricter: there a word too much is hidden, here somebody could not read their answer.
 */
export class Secrets {
  readonly #inLog = new Set<string>();
  readonly #guarded = new Set<string>();
  /** Made of the guarded ones when it is first needed. */
  #finder: Finder | undefined;

  /** A password, a key or a token. Shorter than 6 characters it is none (and would black out half the log). */
  add(value: string | undefined): void {
    const secret = value?.trim() ?? "";
    for (const spelt of spellings(secret)) {
      if (spelt.length < MIN_CHARS) continue;
      this.#inLog.add(spelt);
      if (!isTelling(secret) || this.#guarded.has(spelt)) continue;
      this.#guarded.add(spelt);
      this.#finder = undefined;
    }
  }

  /** A value of an environment, a header, or another map whose values are kept: what is plainly a setting is no secret. */
  addNamed(name: string, value: string | undefined): void {
    if (value === undefined) return;
    const [, credential] = /^(?:Bearer|Basic|Token)\s+(\S+)$/i.exec(value.trim()) ?? [];
    if (credential !== undefined) this.add(credential);
    if (SECRET_NAME.test(name) || !isOrdinary(value.trim())) this.add(value);
  }

  /** The name and the password in the addresses that a text holds. */
  addFromAddresses(text: string): void {
    for (const named of namedWithin(text)) {
      this.add(named);
      this.add(decoded(named));
    }
    if (!text.includes("://")) return;
    for (const [, user = ""] of text.matchAll(USER_IN_ADDRESS)) {
      const [name = "", ...rest] = user.split(":");
      for (const part of rest.length > 0 ? [rest.join(":")] : [name]) {
        this.add(part);
        this.add(decoded(part));
      }
    }
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
    const { any, all } = this.#found;
    return withoutShapes(any.test(text) ? without(text, all) : text);
  }

  get #found(): Finder {
    this.#finder ??= finderOf(this.#guarded);
    return this.#finder;
  }
}

/** Known secrets, the longest first: what is left of one after a part of it was taken out would be told. */
interface Finder {
  readonly all: readonly string[];
  /** Those that could stand within what looks like the base64 of a file. */
  readonly inFiles: readonly string[];
  /** Finds whether any of them is in a text: one look at each frame instead of one for each secret. */
  readonly any: RegExp;
}

function finderOf(secrets: Iterable<string>): Finder {
  const all = [...secrets].sort((a, b) => b.length - a.length);
  // Without any, the pattern finds nothing in any text.
  const any = new RegExp(all.map((each) => RegExp.escape(each)).join("|") || "(?!)");
  return { all, any, inFiles: all.filter((each) => base64End(each, 0) === each.length) };
}

const HIDDEN = "[redacted]";
const MIN_CHARS = 6;

/** Whether a setting holds a secret, by its place and by what it is: in any part of the config, known or not. */
export function isSecretSetting(path: readonly string[], value: string): boolean {
  const names = namesOf(path);
  const name = names.at(-1) ?? "";
  if (isSecretName(name) || (!OPEN_NAME.test(name) && SETTING_NAME.test(name))) return true;
  if (MAP_NAME.test(names.at(-2) ?? "")) return true;
  if (namedWithin(value).length > 0) return true;
  return (value.includes("://") && value.search(USER_IN_ADDRESS) >= 0) || hasKeyShape(value);
}

/**
 * Whether a number stands where a secret belongs: a password of digits that was written without quotes. A number under a
 * name for several (`maxTokens`) counts something.
 */
export function isSecretNumber(path: readonly string[]): boolean {
  const [map = "", name = ""] = ["", ...namesOf(path)].slice(-2);
  return isSecretName(name) || MAP_NAME.test(map);
}

/** Whether what has this name is a secret: a setting, a variable, a header, a field of a line of the log. */
export function isSecretName(name: string): boolean {
  return !OPEN_NAME.test(name) && SECRET_NAME.test(name);
}

/** A place without the positions in lists. */
function namesOf(path: readonly string[]): string[] {
  return path.filter((name) => !/^\d+$/.test(name));
}

/** Values that a text names itself: in the query of an address, or behind `--token=`. */
function namedWithin(text: string): string[] {
  if (!text.includes("=")) return [];
  return [...text.matchAll(NAMED)].flatMap(([, name = "", value = ""]) => (SECRET_NAME.test(name) ? [value] : []));
}

const NAMED = /(?:[?&]|(?:^|\s)--?)([\w.-]{1,64})=([^&#\s"']+)/g;

/** What ends like the name of a secret and is none. */
const OPEN_NAME = /(?:main|public|session|sort|primary)[-_]?key$|session$/i;

/** Lists of secrets, besides what `SECRET_NAME` names. */
const SETTING_NAME = /(?:tokens?|passwords?|secrets?|api[-_]?keys?|authorization|cookies?|private[-_]?key)$/i;

/** Maps whose values are kept, all of them. */
const MAP_NAME = /^(?:env|environment|headers)$/i;

/** Where names of variables and headers end so, the value is kept, whatever it looks like. */
const SECRET_NAME =
  /(?:token|password|passwd|passphrase|pwd|secret|key|auth|authorization|credentials?|cookie|session|signature|dsn)$/i;

/** A name, or a name and a password, before the host of an address; no scheme is longer, and a look at more of it takes long. */
const USER_IN_ADDRESS = /\b[a-z][a-z0-9+.-]{0,30}:\/\/([^\s/?#"'@\\]+)@/gi;

/** What people write where a key is asked for and none is needed: words that stand in many other places. */
const PLACEHOLDERS = new Set(
  "ollama,lmstudio,lm-studio,llama.cpp,llamacpp,llama-cpp,localai,vllm,local,localhost,none,null,dummy,unused,anything,placeholder,changeme,not-needed,not-required,no-key,no-key-required,sk-no-key-required,api-key,apikey,your-api-key,password,secret,token".split(
    ",",
  ),
);

/** Whether a secret can be taken out of a text without taking ordinary words along. */
function isTelling(secret: string): boolean {
  if (PLACEHOLDERS.has(secret.toLowerCase())) return false;
  return secret.length >= 8 || (secret.length >= MIN_CHARS && !/^[a-z]+$/i.test(secret) && !/^\d+$/.test(secret));
}

/** Whether a value is plainly a setting: a word, a number, a place, a language, an address (its user part is learnt besides). */
function isOrdinary(value: string): boolean {
  if (value.length < 8 || /^[a-z]+$/i.test(value) || /^[\d.,:]+$/.test(value)) return true;
  if (/^(?:~|\.{0,2})\//.test(value) || /^[A-Z]:\\/.test(value)) return true;
  if (/^[a-z]{2}[-_][a-z]+(?:[-_.][\w-]{1,8})?$/i.test(value)) return true;
  const url = URL.parse(value);
  return url !== null && /^(?:https?|wss?):$/.test(url.protocol) && url.search === "";
}

/** How a value may stand in a text: as it is, within JSON, within an address. */
function spellings(value: string): Set<string> {
  return new Set([value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value.toWellFormed())]);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Below this a secret must stand alone to be taken for itself. */
const SURE_CHARS = 12;

function without(text: string, values: Iterable<string>, { withinWords = false } = {}): string {
  let clean = text;
  for (const value of values) {
    if (!clean.includes(value)) continue;
    clean =
      withinWords || value.length >= SURE_CHARS ? clean.replaceAll(value, HIDDEN) : clean.replace(alone(value), HIDDEN);
  }
  return clean;
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
