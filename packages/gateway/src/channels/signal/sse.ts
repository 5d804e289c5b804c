/** Server-sent events, as the HTML standard writes them (section 9.2.6), without ids and retries. */
import { TellableError } from "../../base/errors.ts";

export interface ServerEvent {
  readonly name: string;
  readonly data: string;
}

/** The longest line; what is longer is an attack or a bug, and ends the stream. */
const MAX_LINE = 16 * 1024 * 1024;

/** The events of a stream. Throws when a line is longer than any event may be. */
export async function* serverEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  let name = "message";
  let data: string[] = [];
  for await (const line of lines(chunks)) {
    if (line === "") {
      if (data.length > 0) yield { name, data: data.join("\n") };
      [name, data] = ["message", []];
      continue;
    }
    const [, field = "", value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === "data") data.push(value);
    else if (field === "event") name = value;
  }
}

/** Lines that end with LF, CR or both. One that the end of the stream cuts is dropped, as the standard says. */
async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  let endedWithCr = false;
  for await (const chunk of chunks) {
    let text = decoder.decode(chunk, { stream: true });
    if (text === "") continue;
    if (endedWithCr && text.startsWith("\n")) text = text.slice(1);
    endedWithCr = text.endsWith("\r");
    const [first = "", ...others] = text.split(/\r\n|\r|\n/);
    rest += first;
    for (const line of others) {
      yield rest;
      rest = line;
    }
    if (rest.length > MAX_LINE) throw new TellableError("the stream of events has a line without end");
  }
}
