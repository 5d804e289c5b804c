/** DNS messages as multicast DNS sends them (RFC 1035, 6762): what they are made of. */

/** A name as its labels, without the root; labels may hold dots and spaces. */
export type Name = readonly string[];

/** Types of records that discovery uses, and ANY, which only questions have. */
export const TYPE = { A: 1, PTR: 12, TXT: 16, AAAA: 28, SRV: 33, ANY: 255 } as const;

export interface Question {
  readonly name: Name;
  readonly type: number;
  /** Whether an answer to the asker alone is wanted. */
  readonly isUnicast: boolean;
}

/** What a record says. Types that discovery does not use are `other`. */
export type Data =
  | { readonly kind: "PTR"; readonly target: Name }
  | { readonly kind: "SRV"; readonly port: number; readonly target: Name }
  | { readonly kind: "TXT"; readonly entries: readonly string[] }
  | { readonly kind: "A" | "AAAA"; readonly address: string }
  | { readonly kind: "other"; readonly type: number };

export interface Record {
  readonly name: Name;
  /** Seconds. */
  readonly ttl: number;
  /** Whether it replaces all others of its name and type. */
  readonly isUnique: boolean;
  readonly data: Data;
}

export interface Message {
  readonly id: number;
  readonly isResponse: boolean;
  readonly questions: readonly Question[];
  readonly answers: readonly Record[];
  readonly authorities: readonly Record[];
  readonly additionals: readonly Record[];
}

/** The class of all records. */
export const INTERNET = 1;
/** The top bit asks for a unicast answer in questions, says "flush the cache" in records, and marks responses in the header. */
export const TOP_BIT = 0x8000;

/** Whether two names are one: the case of ASCII letters does not count. */
export function isSameName(a: Name, b: Name): boolean {
  return a.length === b.length && a.every((label, at) => lower(label) === lower(b[at] ?? ""));
}

/** Letters of ASCII without their case. */
export function lower(label: string): string {
  return label.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** The number of a record's type. */
export function typeOf(data: Data): number {
  return data.kind === "other" ? data.type : TYPE[data.kind];
}
