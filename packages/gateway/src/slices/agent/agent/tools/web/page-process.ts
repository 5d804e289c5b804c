/**
 * The program of the child process that reads one page or PDF. Its input is a line with options and then the bytes; its
 * output is the text.
 */
import { buffer } from "node:stream/consumers";
import { ignore } from "../../../../../base/errors.ts";

const input = await buffer(process.stdin);
const end = input.indexOf("\n");
const { charset, url, format } = JSON.parse(input.subarray(0, end).toString()) as {
  charset?: string;
  url: string;
  format: "markdown" | "text" | "pdf";
};
const bytes = input.subarray(end + 1);
const found = format === "pdf" ? await pdfOf(bytes) : await pageOf(bytes, format);
process.stdout.write(JSON.stringify(found));

async function pageOf(page: Uint8Array, wanted: "markdown" | "text") {
  const { readPage } = await import("./page.ts");
  return readPage(decoded(page, charset), { url, format: wanted });
}

async function pdfOf(data: Uint8Array): Promise<{ text: string }> {
  const { extractText } = await import("unpdf");
  const { text } = await extractText(new Uint8Array(data));
  return {
    text: text
      .map((page) => page.trim())
      .filter((page) => page !== "")
      .join("\n\n"),
  };
}

/** Decodes a page in the encoding that the server or the page names; UTF-8 when none is named or known. */
function decoded(page: Uint8Array, named: string | undefined): string {
  const head = new TextDecoder("latin1").decode(page.subarray(0, 2_048));
  const label = named ?? /<meta[^>]+charset\s*=\s*["']?([\w-]+)/i.exec(head)?.[1] ?? "utf-8";
  try {
    return new TextDecoder(label).decode(page);
  } catch (error) {
    ignore(error, "a name that no encoding has");
    return new TextDecoder().decode(page);
  }
}
