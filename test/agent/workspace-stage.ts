/** A gateway whose model calls the tools that a test names, beside the workspace that they work in. */
import { join } from "node:path";
import type { ModelServer } from "../fakes/model-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { unframed } from "../support/frames.ts";
import { type Connected, type TestGateway, type TestGatewayOptions, testGateway } from "../support/gateway.ts";
import { admin, configFor, say } from "./support.ts";

export interface WorkspaceStage extends AsyncDisposable {
  readonly server: ModelServer;
  readonly gateway: TestGateway;
  readonly client: Connected;
  /** The default agent's workspace. */
  readonly folder: string;
  /** Has the model call a tool in a session; returns what the tool answered. */
  call(name: string, args: object, sessionKey?: string): Promise<string>;
  /** Says something and returns the system prompt that the model got. */
  promptOf(message: string, sessionKey?: string): Promise<string>;
}

/** Starts one; disposing it stops gateway and model. `config` has sections beside agents and models. */
export async function workspaceStage(
  more: Parameters<typeof configFor>[1] & { config?: object; options?: TestGatewayOptions } = {},
): Promise<WorkspaceStage> {
  const server = await fakeOpenAI();
  const config = JSON.stringify({ ...JSON.parse(configFor(server, more)), ...more.config });
  const gateway = await testGateway({ config, ...more.options });
  const client = await admin(gateway);
  const messagesOf = (index: number) => server.requests[index]!.body.messages as { content: string }[];
  return {
    ...{ server, gateway, client, folder: join(gateway.stateDir, "workspace") },
    async call(name, args, sessionKey = "main") {
      const before = server.requests.length;
      server.script({ kind: "tool-call", name, arguments: args }, { kind: "text", text: "Done." });
      await say(client, `${name}, please.`, sessionKey);
      return unframed(messagesOf(before + 1).at(-1)!.content);
    },
    async promptOf(message, sessionKey = "main") {
      const before = server.requests.length;
      await say(client, message, sessionKey);
      return messagesOf(before)[0]!.content;
    },
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}
