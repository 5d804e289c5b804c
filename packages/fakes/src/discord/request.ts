/** A call of the REST API as it comes over HTTP, and answers other than success. */
import type { IncomingMessage } from "node:http";
import type { FakeFile } from "../platform.ts";

/** What Discord answers instead of a result. */
export class Refusal extends Error {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: number,
    message: string,
    more: { body?: Readonly<Record<string, unknown>>; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.status = status;
    this.body = { message, code, ...more.body };
    this.headers = more.headers ?? {};
  }
}

/** 429 with the waiting time in the body, to the millisecond, and in the headers. */
export function tooMany(retryAfterMs: number, isGlobal: boolean): Refusal {
  const seconds = retryAfterMs / 1000;
  return new Refusal(429, 0, isGlobal ? "You are being rate limited globally." : "You are being rate limited.", {
    body: { retry_after: seconds, global: isGlobal },
    headers: {
      "retry-after": String(seconds),
      "x-ratelimit-scope": isGlobal ? "global" : "user",
      ...(isGlobal
        ? { "x-ratelimit-global": "true" }
        : { "x-ratelimit-remaining": "0", "x-ratelimit-reset-after": String(seconds) }),
    },
  });
}

/** What comes in a body, JSON or a form with `payload_json` and files. */
export interface Body {
  readonly json: Readonly<Record<string, unknown>>;
  /** The list, where the body is one. */
  readonly list: readonly Readonly<Record<string, unknown>>[];
  readonly files: readonly FakeFile[];
}

/** Reads a body. Throws `Refusal` 50109 when it cannot be read. */
export async function readBody(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const type = request.headers["content-type"] ?? "";
  if (bytes.length === 0) return { json: {}, list: [], files: [] };
  try {
    if (!type.startsWith("multipart/")) return { ...parsed(bytes.toString()), files: [] };
    const form = await new Response(bytes, { headers: { "content-type": type } }).formData();
    const uploads = [...form.values()].filter((value) => typeof value !== "string");
    return { ...parsed(String(form.get("payload_json") ?? "{}")), files: await Promise.all(uploads.map(fileOf)) };
  } catch {
    throw new Refusal(400, 50109, "The request body contains invalid JSON.");
  }
}

function parsed(text: string): Omit<Body, "files"> {
  const value = JSON.parse(text) as unknown;
  return Array.isArray(value) ? { json: {}, list: value } : { json: value as Record<string, unknown>, list: [] };
}

async function fileOf(upload: File): Promise<FakeFile> {
  const mimeType = upload.type || "application/octet-stream";
  const kind = /^(image|video|audio)\//.exec(mimeType)?.[1] as FakeFile["kind"] | undefined;
  const bytes = new Uint8Array(await upload.arrayBuffer());
  return { bytes, mimeType, fileName: upload.name, kind: kind ?? "document" };
}
