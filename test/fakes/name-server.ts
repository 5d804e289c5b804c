// A name server on loopback that reads a zone file, with the parts of its language that ours uses, and answers over UDP.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import {
  type Data,
  isSameName,
  type Name,
  type Record,
  typeOf,
} from "../../packages/gateway/src/base/discovery/message.ts";
import { readMessage } from "../../packages/gateway/src/base/discovery/message-reader.ts";
import { writeMessage } from "../../packages/gateway/src/base/discovery/message-writer.ts";

export class NameServer implements AsyncDisposable {
  /** The questions that came. */
  readonly asked: string[] = [];
  readonly #socket = createSocket("udp4");

  /** `sound` says whether it answers as it should, or with what a test gives. */
  constructor(zone: string, answers?: (question: string) => Buffer | undefined) {
    const records = readZone(zone);
    this.#socket.on("message", (bytes, { address, port }) => {
      const message = readMessage(withoutExtras(bytes));
      const [question] = message?.questions ?? [];
      if (!message || !question) return;
      this.asked.push(question.name.join("."));
      if (answers) {
        const odd = answers(question.name.join("."));
        if (odd) this.#socket.send(odd, port, address);
        return;
      }
      const found = records.filter(
        ({ name, data }) => isSameName(name, question.name) && typeOf(data) === question.type,
      );
      const plain = { ...question, isUnicast: false };
      const answer = writeMessage({ id: message.id, isResponse: true, questions: [plain], answers: found });
      this.#socket.send(answer, port, address);
    });
  }

  async listen(): Promise<this> {
    this.#socket.bind(0, "127.0.0.1");
    await once(this.#socket, "listening");
    return this;
  }

  get address(): string {
    return `127.0.0.1:${(this.#socket.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }
}

/** A resolver sets the bit that asks for recursion and adds a record of its own; the reader of ours takes neither. */
function withoutExtras(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt16BE(0, 2);
  copy.writeUInt16BE(0, 10);
  return copy;
}

function readZone(zone: string): Record[] {
  const origin = /^\$ORIGIN (\S+)\.$/m.exec(zone)?.[1] ?? "";
  const nameOf = (text: string): Name =>
    (text === "@" ? origin : text.endsWith(".") ? text.slice(0, -1) : `${text}.${origin}`).split(".");
  return zone.split("\n").flatMap((line) => {
    const [, name = "", type = "", rest = ""] = /^(\S+) IN (PTR|SRV|TXT|A|AAAA) (.+)$/.exec(line) ?? [];
    const data = dataOf(type, rest, nameOf);
    return data === undefined ? [] : [{ name: nameOf(name), ttl: 60, isUnique: false, data }];
  });
}

function dataOf(type: string, rest: string, nameOf: (text: string) => Name): Data | undefined {
  if (type === "PTR") return { kind: "PTR", target: nameOf(rest) };
  if (type === "A" || type === "AAAA") return { kind: type, address: rest };
  if (type === "TXT")
    return { kind: "TXT", entries: [...rest.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text = ""]) => unquoted(text)) };
  const [, , port, target = ""] = rest.split(" ");
  return type === "SRV" ? { kind: "SRV", port: Number(port), target: nameOf(target) } : undefined;
}

function unquoted(text: string): string {
  const bytes = [...text.matchAll(/\\(\d{3})|\\(.)|([^\\])/g)].map(([, code, escaped, plain]) =>
    code === undefined ? (escaped ?? plain ?? "").charCodeAt(0) : Number(code),
  );
  return Buffer.from(bytes).toString("utf8");
}
