/** What a file's bytes are: text, a picture that models can look at, or something else and what. */
import { isUtf8 } from "node:buffer";

/** A file's content as a tool shows it. */
export type Content =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "image"; readonly mimeType: string }
  | { readonly kind: "binary"; readonly what: string };

const IMAGES: readonly (readonly [mimeType: string, at: number, bytes: string])[] = [
  ["image/png", 0, "\x89PNG\r\n"],
  ["image/jpeg", 0, "\xff\xd8\xff"],
  ["image/gif", 0, "GIF8"],
  ["image/webp", 8, "WEBP"],
];

const OTHERS: readonly (readonly [what: string, at: number, bytes: string])[] = [
  ["a PDF document", 0, "%PDF-"],
  ["a ZIP archive or an office document", 0, "PK\x03\x04"],
  ["a gzip archive", 0, "\x1f\x8b"],
  ["a program", 0, "\x7fELF"],
  ["a SQLite database", 0, "SQLite format 3\0"],
  ["an Ogg recording", 0, "OggS"],
  ["an MP3 recording", 0, "ID3"],
  ["a WAV recording", 8, "WAVE"],
  ["a video or an M4A recording", 4, "ftyp"],
];

/** Tells by the bytes, never by the name. */
export function contentOf(data: Buffer): Content {
  const starts = ([, at, bytes]: readonly [string, number, string]) =>
    data.subarray(at, at + bytes.length).equals(Buffer.from(bytes, "latin1"));
  const image = IMAGES.find(starts);
  if (image) return { kind: "image", mimeType: image[0] };
  const other = OTHERS.find(starts);
  if (other) return { kind: "binary", what: other[0] };
  if (data.includes(0)) return { kind: "binary", what: "binary data" };
  if (!isUtf8(data)) return { kind: "binary", what: "text in another encoding than UTF-8, or binary data" };
  return { kind: "text", text: data.toString("utf8") };
}

/** The lines of a text; a line end at the end begins no further line. */
export function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}
