/** An external agent that speaks the Agent Client Protocol; the first word of a message says what it does. */
import { appendFileSync } from "node:fs";
import { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import * as acp from "@agentclientprotocol/sdk";

/** The settings of an agent whose backend it is. `journal` gets a line for whatever is asked of it. */
export function acpBackend(options: { journal?: string; loads?: boolean; env?: object; permissions?: string } = {}) {
  const { journal = "", loads = false, ...more } = options;
  const args = ["--conditions=moltbot-source", fileURLToPath(import.meta.url), journal, loads ? "loads" : ""];
  return { kind: "acp", command: process.execPath, args, ...more };
}

interface Prompt {
  readonly sessionId: string;
  readonly text: string;
  readonly pictures: number;
  readonly client: acp.AgentContext;
  readonly cancelled: Promise<void>;
}

const never = new Promise<never>(() => {});

async function answer({ sessionId, text, pictures, client, cancelled }: Prompt): Promise<string> {
  const update = (change: acp.SessionUpdate) =>
    client.notify(acp.methods.client.session.update, { sessionId, update: change });
  const say = (said: string) => update({ sessionUpdate: "agent_message_chunk", content: { type: "text", text: said } });
  const [word = "", ...rest] = (text.trim().split("\n").at(-1) ?? "").split(" ");
  const what = rest.join(" ");
  switch (word) {
    case "tool":
      await say("Let me look.");
      await update({
        sessionUpdate: "tool_call",
        toolCallId: "t1",
        title: "List files",
        kind: "read",
        rawInput: { path: "." },
      });
      await update({
        sessionUpdate: "tool_call_update",
        toolCallId: "t1",
        status: "completed",
        content: [{ type: "content", content: { type: "text", text: "a.txt" } }],
      });
      await say("There is a.txt.");
      return "end_turn";
    case "think":
      await update({ sessionUpdate: "agent_thought_chunk", content: { type: "text", text: "Hm." } });
      await update({ sessionUpdate: "plan", entries: [{ content: "Answer", priority: "high", status: "pending" }] });
      await say("Thought.");
      return "end_turn";
    case "permission": {
      const { outcome } = await client.request(acp.methods.client.session.requestPermission, {
        sessionId,
        toolCall: { toolCallId: "t2", title: "rm -rf /", rawInput: { command: "rm" } },
        options: [
          { optionId: "yes", name: "Yes", kind: "allow_once" },
          { optionId: "no", name: "No", kind: "reject_once" },
        ],
      });
      await say(outcome.outcome === "selected" ? `chosen ${outcome.optionId}` : outcome.outcome);
      return "end_turn";
    }
    case "read":
    case "write": {
      const { readTextFile, writeTextFile } = acp.methods.client.fs;
      const done =
        word === "read"
          ? client.request(readTextFile, { sessionId, path: what }).then(({ content }) => content)
          : client.request(writeTextFile, { sessionId, path: what, content: "written" }).then(() => "ok");
      await say(await done.catch((error: Error) => `refused: ${error.message}`));
      return "end_turn";
    }
    case "crash":
      await update({ sessionUpdate: "tool_call", toolCallId: "t3", title: "Think hard" });
      await say("I am about");
      process.stderr.write("segmentation fault\n");
      setTimeout(() => process.exit(11), 20);
      return await never;
    case "tool-and-pause":
      if (text.includes("The gateway stopped")) {
        await say(`Told: ${text}`);
        return "end_turn";
      }
      await update({ sessionUpdate: "tool_call", toolCallId: "t4", title: "Write", kind: "edit" });
      await say("Working");
      await cancelled;
      return "cancelled";
    case "pause":
      await say("Waiting");
      await cancelled;
      return "cancelled";
    case "hang":
      await say("Hanging");
      return await never;
    case "env":
      await say(Object.keys(process.env).sort().join(" "));
      return "end_turn";
    default:
      await say(`You said ${JSON.stringify(text)} with ${pictures} pictures.`);
      return "end_turn";
  }
}

if (import.meta.main) {
  const [, , journal, loads] = process.argv;
  const note = (line: string) => journal && appendFileSync(journal, `${line}\n`);
  const cancels = new Map<string, () => void>();
  let sessions = 0;
  note(`start ${process.pid}`);
  acp
    .agent({ name: "fake" })
    .onRequest(acp.methods.agent.initialize, () => ({
      protocolVersion: acp.PROTOCOL_VERSION,
      agentInfo: { name: "fake-agent", version: "1" },
      agentCapabilities: { loadSession: loads === "loads", promptCapabilities: { image: true } },
    }))
    .onRequest(acp.methods.agent.session.new, () => {
      const sessionId = `s${++sessions}-${process.pid}`;
      note(`new ${sessionId}`);
      return { sessionId };
    })
    .onRequest(acp.methods.agent.session.load, ({ params }) => {
      note(`load ${params.sessionId}`);
      return {};
    })
    .onNotification(acp.methods.agent.session.cancel, ({ params }) => {
      note("cancel");
      cancels.get(params.sessionId)?.();
    })
    .onRequest(acp.methods.agent.session.prompt, async ({ params: { sessionId, prompt }, client }) => {
      const text = prompt.map((block) => (block.type === "text" ? block.text : "")).join("");
      const cancelled = new Promise<void>((resolve) => cancels.set(sessionId, resolve));
      const pictures = prompt.filter(({ type }) => type === "image").length;
      const stopReason = await answer({ sessionId, text, pictures, client, cancelled });
      return { stopReason: stopReason as acp.StopReason };
    })
    .connect(
      acp.ndJsonStream(Writable.toWeb(process.stdout), Readable.toWeb(process.stdin) as ReadableStream<Uint8Array>),
    );
}
