/**
 * Certificate pins: what they are, how people read them, and how what people type is compared with them. A pin is the
 * SHA-256 of a certificate (64 hexadecimal digits), or of its public key (`spki:` and 64 digits), which a renewed
 * certificate with the old key keeps.
 */

const DIGEST = /^[0-9a-f]{64}$/;
/** How many digits people compare: 128 bits. */
const SHOWN_DIGITS = 32;
const CONSONANTS = "bdfghjklmnprstvz";
const VOWELS = "aiou";

/** The pin in a text, with or without `sha256:` and colons; undefined when it holds none. */
export function readPin(text: string): string | undefined {
  const [, kind, rest = ""] = /^(?:(spki|sha-?256):)?(.*)$/is.exec(text.trim()) ?? [];
  const digits = rest.replace(/[:\s]/g, "").toLowerCase();
  if (!DIGEST.test(digits)) return undefined;
  return kind?.toLowerCase() === "spki" ? `spki:${digits}` : digits;
}

/** A pin as people compare it: eight groups of four digits, and a word for each group. */
export function showPin(pin: string): { readonly digits: string; readonly words: string } {
  const groups = digitsOf(pin).slice(0, SHOWN_DIGITS).match(/..../g) ?? [];
  return { digits: groups.join(" "), words: groups.map(wordOf).join("-") };
}

/** A pin in one line, for sentences. */
export function inWords(pin: string): string {
  const { digits, words } = showPin(pin);
  return `${words} (${digits})`;
}

/** Whether a text that somebody has typed names this pin: the whole, the eight groups or the eight words. */
export function namesPin(typed: string, pin: string): boolean {
  const { digits, words } = showPin(pin);
  const plain = typed.trim().toLowerCase();
  if (readPin(plain) === pin) return true;
  return plain.replace(/[\s:]/g, "") === digits.replaceAll(" ", "") || plain.replace(/[\s-]+/g, "-") === words;
}

/** The certificate of the other side is not the pinned one. `seen` is its pin, of the kind that was expected. */
export class PinMismatch extends Error {
  override readonly name = "PinMismatch";
  readonly seen: string;

  constructor(seen: string) {
    super("certificate fingerprint is not the expected one");
    this.seen = seen;
  }
}

function digitsOf(pin: string): string {
  return pin.replace(/^spki:/, "");
}

/** Sixteen bits as a word that can be spoken: consonant, vowel, consonant, vowel, consonant (the proquint form). */
function wordOf(group: string): string {
  const bits = Number.parseInt(group, 16);
  const consonant = (shift: number) => CONSONANTS[(bits >> shift) & 15];
  const vowel = (shift: number) => VOWELS[(bits >> shift) & 3];
  return `${consonant(12)}${vowel(10)}${consonant(6)}${vowel(4)}${consonant(0)}`;
}
