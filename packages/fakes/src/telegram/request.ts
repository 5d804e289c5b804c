/** A call of the Bot API as it comes over HTTP: the method, and parameters in any of the four encodings. */
import type { IncomingMessage } from "node:http";
import type { FakeFile } from "../platform.ts";

/** An answer other than success: what the Bot API says instead of a result. */
export class Refusal extends Error {
  readonly status: number;
  readonly parameters: Readonly<Record<string, unknown>> | undefined;

  constructor(status: number, description: string, parameters?: Readonly<Record<string, unknown>>) {
    super(description);
    this.status = status;
    this.parameters = parameters;
  }
}

/** The parameters of a call: JSON keeps its types, forms and queries hold strings and JSON in strings. */
export class Parameters {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #files: ReadonlyMap<string, File>;

  constructor(values: Readonly<Record<string, unknown>>, files: ReadonlyMap<string, File> = new Map()) {
    this.#values = values;
    this.#files = files;
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    return value === undefined || value === null || typeof value === "object" ? undefined : String(value);
  }

  number(name: string): number | undefined {
    const value = this.text(name);
    return value === undefined || Number.isNaN(Number(value)) ? undefined : Number(value);
  }

  flag(name: string): boolean {
    return this.text(name) === "true";
  }

  /** An object or list, also when it came as JSON in a string. */
  json<T>(name: string): T | undefined {
    const value = this.#values[name];
    if (value === undefined || value === null || value === "") return undefined;
    if (typeof value !== "string") return value as T;
    try {
      return JSON.parse(value) as T;
    } catch {
      throw new Refusal(400, `Bad Request: can't parse ${name} JSON object`);
    }
  }

  /** An uploaded file, directly or as "attach://name". */
  async file(name: string, kind: FakeFile["kind"]): Promise<FakeFile | undefined> {
    const reference = this.text(name);
    const attached = reference?.startsWith("attach://") ? reference.slice("attach://".length) : name;
    const file = this.#files.get(attached);
    if (!file) return undefined;
    const bytes = new Uint8Array(await file.arrayBuffer());
    return { bytes, mimeType: file.type || "application/octet-stream", fileName: file.name, kind };
  }
}

/** Reads the parameters of a call from its query and body. Throws `Refusal` when the body cannot be read. */
export async function readParameters(request: IncomingMessage, url: URL): Promise<Parameters> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const query = Object.fromEntries(url.searchParams);
  if (body.length === 0) return new Parameters(query);
  const contentType = request.headers["content-type"] ?? "";
  try {
    if (contentType.includes("json")) return new Parameters({ ...query, ...JSON.parse(body.toString()) });
    const form = await new Response(body, { headers: { "content-type": contentType } }).formData();
    const values: Record<string, string> = { ...query };
    const files = new Map<string, File>();
    for (const [name, value] of form) {
      if (typeof value === "string") values[name] = value;
      else files.set(name, value);
    }
    return new Parameters(values, files);
  } catch {
    throw new Refusal(400, "Bad Request: the body cannot be read");
  }
}
