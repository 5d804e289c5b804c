/**
 * Knows what must not leave the process: secret values of the settings and the environment, and texts shaped like keys.
 */

import { ignore } from "../errors.ts";
import { type AddressUser, usersIn } from "./addresses.ts";
import { base64End, betweenFiles, IN_BASE64, LARGE_CHARS } from "./file-texts.ts";
import { BEGUN_CHARS, HIDDEN, shapeBegunAt, withoutShapes } from "./key-shapes.ts";
import { isPlainValue } from "./plain-values.ts";
import { hasSecretName, isKeyLike, isSecretNumber, isSecretSetting, namedWithin } from "./secret-names.ts";

/**
 * The known secrets. `redact` cleans the log; `guard` cleans every other text that leaves: replies, answers, events.
 * `redact` is stricter, because a word too many may be hidden in the log but not in an answer.
 */
export class Secrets {
  readonly #inLog = new Set<string>();
  readonly #guarded = new Set<string>();
  /** The guarded secrets as they appear in the base64 of a longer text. */
  readonly #encoded = new Set<string>();
  /** The search for guarded secrets, built when first needed. */
  #finder: Finder | undefined;

  /**
   * Adds a password, a key or a token. Values of fewer than 6 characters are ignored: they would black out half the
   * log.
   */
  add(value: string | undefined): void {
    const secret = value?.trim() ?? "";
    if (secret.length < MIN_CHARS || VARIABLE.test(secret) || this.#inLog.has(secret)) return;
    const encoded = inBase64(secret.toWellFormed());
    for (const spelt of [...spellings(secret), ...encoded]) this.#inLog.add(spelt);
    if (!isDistinctive(secret)) return;
    for (const spelt of spellings(secret)) this.#guarded.add(spelt);
    for (const spelt of encoded) this.#encoded.add(spelt);
    this.#finder = undefined;
  }

  /** Adds a value of an environment, of a header or of another map of secrets; plain settings are ignored. */
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

  /** Adds the user parts of addresses in a text, and the values that the text itself names as secrets. */
  addFromAddresses(text: string): void {
    for (const named of namedWithin(text)) this.#addAsMeant(named);
    for (const user of usersIn(text)) {
      for (const part of secretPartsOf(user)) this.#addAsMeant(part);
      // As the Authorization header holds it.
      for (const whole of [user.whole, decoded(user.whole)])
        if (whole.length >= SURE_CHARS) this.add(Buffer.from(whole).toString("base64"));
    }
  }

  #addAsMeant(value: string): void {
    this.add(value);
    this.add(decoded(value));
  }

  /** Adds the secrets of a config, as far as names and values show them; `path` is the place of `value`. */
  learn(value: unknown, path: readonly string[] = []): void {
    if (typeof value === "string") {
      this.addFromAddresses(value);
      if (isSecretSetting(path, value)) this.addNamed(path.at(-1) ?? "", value);
    } else if (typeof value === "number") {
      if (isSecretNumber(path)) this.addNamed(path.at(-1) ?? "", String(value));
    } else if (typeof value === "object" && value !== null)
      for (const [name, inner] of Object.entries(value)) this.learn(inner, [...path, name]);
  }

  /** Cleans a text for the log: replaces every known secret and everything shaped like a key. */
  redact(text: string): string {
    return withoutShapes(without(text, this.#inLog, { withinWords: true }));
  }

  /** Cleans a text that leaves the process: a message, an answer, an event, as JSON or plain. */
  guard(text: string): string {
    if (text.length < LARGE_CHARS) return this.#guardPart(text);
    return betweenFiles(
      text,
      (part) => this.#guardPart(part),
      (file) => without(file, this.#found.inFiles),
    );
  }

  /**
   * The longest start of a growing text that may leave already, cleaned. An end that could become a secret waits until
   * it is decided or the text `isOver`; fewer than 4 characters do not wait.
   */
  settled(text: string, isOver = false): string {
    return this.guard(isOver ? text : text.slice(0, Math.min(this.#begunAt(text), shapeBegunAt(text))));
  }

  /** The place at the end of a text where a known secret may have begun; the text's length when none has. */
  #begunAt(text: string): number {
    let first = text.length;
    for (const secret of this.#guarded) {
      // A short secret counts only when it is alone, which the next character decides.
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
  /** Secrets that could appear literally in the base64 of a file. A file that holds one stays whole. */
  readonly inFiles: readonly string[];
}

interface Known {
  /** Longest first: removing a part of a longer secret would leave the rest in the text. */
  readonly all: readonly string[];
  /** Matches any of the secrets: one search of each frame instead of one for each secret. */
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
  // With no secrets, the pattern matches nothing.
  return { all, any: new RegExp(all.map((each) => RegExp.escape(each)).join("|") || "(?!)") };
}

const MIN_CHARS = 6;
/** A reference to a variable in place of a secret; its name reveals nothing. */
const VARIABLE = /^\$\{[A-Z_][A-Z0-9_]*\}$/;

/** The secret parts of an address's user: the password, a name that is a key, and pieces that errors repeat. */
function secretPartsOf({ name, password }: AddressUser): string[] {
  if (password === undefined || password === "") return [name];
  const pieces = password
    .split(/[@/?#]/)
    .filter((piece) => piece.length >= MIN_CHARS && !/^(?:[a-z]+|\d+)$/i.test(piece));
  return [password, ...pieces, ...(isKeyLike(name) ? [name] : [])];
}

/** Placeholders that people write where a key is asked for and none is needed; they are ordinary words elsewhere. */
const PLACEHOLDERS = new Set(
  "ollama,lmstudio,lm-studio,llama.cpp,llamacpp,llama-cpp,localai,vllm,local,localhost,none,null,dummy,unused,anything,placeholder,changeme,not-needed,not-required,no-key,no-key-required,sk-no-key-required,api-key,apikey,your-api-key,password,secret,token".split(
    ",",
  ),
);

/** Whether a secret can be removed from a text without removing ordinary words. */
function isDistinctive(secret: string): boolean {
  if (PLACEHOLDERS.has(secret.toLowerCase())) return false;
  if (/^\d+$/.test(secret)) return !ROUND_NUMBER.test(secret);
  return secret.length >= 8 || (secret.length >= MIN_CHARS && !/^[a-z]+$/i.test(secret));
}

/** Round numbers, which are usually counts and sizes. */
const ROUND_NUMBER = /^\d{1,4}0{3,}$|^(\d)\1*$/;

/** The spellings of a value in texts: as it is, in JSON, in JSON within JSON, in an address, in a form. */
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

/** Bytes of a secret that are compared in base64: enough to be unmistakable, and bounded for long secrets. */
const BASE64_BYTES = { least: 12, most: 1_024 };

/** The shortest base64 of such a secret. */
const LEAST_BASE64 = 14;

/** Whether a text has a run of base64 that could hold a secret. It skips through ordinary words quickly. */
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
 * The base64 of a secret within a longer text, as in `Basic` headers: one form for each offset in a group of three
 * bytes. Characters that depend on neighbouring bytes are left out.
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

/** Shorter secrets count only where they are alone. */
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

/** Matches a secret of digits in place of a JSON number or in a part of one, where a word would break the frame. */
function asNumber(digits: string): RegExp {
  return new RegExp(`(?<=[:,[]-?(?:\\d+\\.)?)${digits}(?=(?:\\.\\d+)?(?:e[+-]?\\d+)?[,}\\]])`, "g");
}

/** Matches a value with no letter or digit beside it; a JSON escape before it does not count as a letter. */
function alone(value: string): RegExp {
  const before = "(?:(?<![\\p{L}\\p{N}])|(?<=\\\\[bfnrt])|(?<=\\\\u[0-9a-f]{4}))";
  return new RegExp(`${before}${RegExp.escape(value)}(?![\\p{L}\\p{N}])`, "gu");
}
