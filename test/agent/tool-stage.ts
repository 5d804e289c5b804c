/** A gateway whose model calls a tool as soon as it is asked: what the tool answered is what the model is told. */
import type { ModelServer } from "../fakes/model-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { unframed } from "../support/frames.ts";
import { type Connected, type TestGateway, type TestGatewayOptions, testGateway } from "../support/gateway.ts";
import { configFor, say } from "./support.ts";

export class ToolStage implements AsyncDisposable {
  readonly model: ModelServer;
  readonly gateway: TestGateway;
  readonly client: Connected;

  constructor(model: ModelServer, gateway: TestGateway, client: Connected) {
    this.model = model;
    this.gateway = gateway;
    this.client = client;
  }

  /** Has the model call one tool in a run of the owner's, and returns what it is told. */
  async use(name: string, args: unknown = {}, sessionKey = "main"): Promise<string> {
    this.model.script({ kind: "tool-call", name, arguments: args });
    await say(this.client, "Do it.", sessionKey);
    return this.lastTold();
  }

  /** What the model was told last by a tool: what the frame holds, without the line that says what it is. */
  lastTold(): string {
    const { messages } = this.model.requests.at(-1)!.body as { messages: { role: string; content: unknown }[] };
    const { content } = messages.findLast(({ role }) => role === "tool")!;
    const text = typeof content === "string" ? content : JSON.stringify(content);
    return unframed(text).replace(/^(?:the page|what (?:.+ (?:found|sees)|was found|was said in \S+)):\n/, "");
  }

  /** The names of the tools that the model was offered last. */
  offered(): string[] {
    const { tools = [] } = this.model.requests.at(-1)!.body as { tools?: { function: { name: string } }[] };
    return tools.map(({ function: { name } }) => name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway[Symbol.asyncDispose]();
    await this.model[Symbol.asyncDispose]();
  }
}

/** Builds the stage; `config` is merged over the usual one, section by section. */
export async function toolStage(
  config: Readonly<Record<string, unknown>> = {},
  options: TestGatewayOptions = {},
): Promise<ToolStage> {
  const model = await fakeOpenAI();
  const usual = JSON.parse(configFor(model)) as Record<string, object>;
  const { agents, ...rest } = config as { agents?: { defaults?: object } };
  const merged = {
    ...usual,
    ...rest,
    agents: { ...usual.agents, ...agents, defaults: { model: "fake/fake-model", ...agents?.defaults } },
  };
  const gateway = await testGateway({ config: JSON.stringify(merged), ...options });
  return new ToolStage(model, gateway, await gateway.connect({ scopes: ["operator.admin"] }));
}
