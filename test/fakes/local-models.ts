/** Model servers as people run them at home: what each says of its models, on a free loopback port. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Pages by path; a function gets the posted JSON. */
type Pages = Readonly<Record<string, unknown | ((body: Record<string, unknown>) => unknown)>>;

/** A server of JSON pages. */
export class LocalModels implements AsyncDisposable {
  readonly #server;

  constructor(pages: Pages) {
    this.#server = createServer(async (request, response) => {
      let text = "";
      for await (const chunk of request) text += String(chunk);
      const page = pages[request.url ?? ""];
      const answer: unknown = typeof page === "function" ? page(text === "" ? {} : JSON.parse(text)) : page;
      response.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify(answer ?? { error: "not found" }));
    });
  }

  async listen(): Promise<this> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return this;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    if (this.#server.listening) await once(this.#server, "close");
  }
}

const list = (...models: object[]) => ({ object: "list", data: models });

/** Ollama with a model that is loaded and calls tools, and one that sees and does not. */
export async function fakeOllama(): Promise<LocalModels> {
  const shown: Record<string, object> = {
    "qwen3:8b": {
      capabilities: ["completion", "tools", "thinking"],
      model_info: { "general.architecture": "qwen3", "qwen3.context_length": 40_960 },
    },
    "gemma3:4b": {
      capabilities: ["completion", "vision"],
      model_info: { "gemma3.context_length": 131_072 },
      parameters: 'temperature 1\nnum_ctx                        8192\nstop "<end_of_turn>"',
    },
  };
  return await new LocalModels({
    "/v1/models": list({ id: "qwen3:8b" }, { id: "gemma3:4b" }, { id: "nomic-embed-text" }),
    "/api/version": { version: "0.12.3" },
    "/api/ps": { models: [{ name: "qwen3:8b", context_length: 16_384 }] },
    "/api/show": ({ model }: Record<string, unknown>) => shown[String(model)],
  }).listen();
}

/** LM Studio with one loaded model that sees and calls tools. */
export async function fakeLmStudio(): Promise<LocalModels> {
  const model = { id: "qwen2.5-vl-7b", type: "vlm", state: "loaded", max_context_length: 128_000 };
  const data = [{ ...model, loaded_context_length: 4_096, capabilities: ["tool_use"] }];
  return await new LocalModels({ "/v1/models": list(model), "/api/v0/models": { object: "list", data } }).listen();
}

/** llama.cpp with a model that does not see; whether it calls tools is left to find out. */
export async function fakeLlamaCpp(): Promise<LocalModels> {
  return await new LocalModels({
    "/v1/models": list({ id: "model.gguf", owned_by: "llamacpp" }),
    "/props": { default_generation_settings: { n_ctx: 8_192 }, modalities: { vision: false } },
  }).listen();
}

/** vLLM, which says how long its window is and nothing else. */
export async function fakeVllm(): Promise<LocalModels> {
  return await new LocalModels({ "/v1/models": list({ id: "Qwen/Qwen3-8B", max_model_len: 32_768 }) }).listen();
}
