/** The process in which one page is read: a line that says how and the page's bytes come in, the page goes out. */
import { buffer } from "node:stream/consumers";
import { readPage } from "./page.ts";

const input = await buffer(process.stdin);
const end = input.indexOf("\n");
const { charset, url, format } = JSON.parse(input.subarray(0, end).toString()) as {
  charset?: string;
  url: string;
  format: "markdown" | "text";
};
process.stdout.write(JSON.stringify(readPage(decoded(input.subarray(end + 1), charset), { url, format })));

/** In the encoding that the server, or the page, names; UTF-8 when nobody does or the name means nothing. */
function decoded(page: Uint8Array, named: string | undefined): string {
  const head = new TextDecoder("latin1").decode(page.subarray(0, 2_048));
  const label = named ?? /<meta[^>]+charset\s*=\s*["']?([\w-]+)/i.exec(head)?.[1] ?? "utf-8";
  try {
    return new TextDecoder(label).decode(page);
  } catch {
    return new TextDecoder().decode(page);
  }
}
