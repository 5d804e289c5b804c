import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Bus } from "../../../base/bus.ts";
import { Config } from "../../../base/config/config-file.ts";
import { createLog } from "../../../base/log.ts";
import { Secrets } from "../../../base/privacy/secrets.ts";
import { openStore } from "../../../base/store/store.ts";
import { systemClock } from "../../../base/time/clock.ts";
import type { Caller } from "../../../kit/access.ts";
import { chat as chatEvent } from "../../agent/agent/events.ts";
import type { KnownRun } from "../../agent/agent/run/known-run.ts";
import { Agents } from "../../core/agents/agents.ts";
import { agents as agentSettings } from "../../core/agents/settings.ts";
import { Sessions } from "../../core/sessions/sessions.ts";
import { session as sessionSettings } from "../../core/sessions/settings.ts";
import { tables } from "../../core/sessions/tables.ts";
import { Chat, type ChatServices } from "./chat.ts";

/** A run under way, as far as stopping it goes. */
interface OpenRun {
  readonly id: string;
  readonly record: { source: string; sessionKey: string; request: { spelledKey: string } };
}

function openRun(id: string, sessionKey: string, { spelledKey = sessionKey, source = "chat.send" } = {}): OpenRun {
  return { id, record: { source, sessionKey, request: { spelledKey } } };
}

/** Chat over real conversations; the agent knows the runs that it is given, and notes what it is asked to do. */
function open({ runs = [], known, below = 0 }: { runs?: OpenRun[]; known?: KnownRun; below?: number } = {}) {
  const stateDir = mkdtempSync(join(tmpdir(), "moltbot-chat-"));
  const path = join(stateDir, "moltbot.json");
  writeFileSync(path, "{}");
  const stack = new DisposableStack();
  stack.defer(() => rmSync(stateDir, { recursive: true }));
  const store = stack.use(openStore(":memory:", [tables]));
  const clock = systemClock;
  const log = createLog({ clock, level: "error", sinks: [], secrets: new Secrets() });
  const sections = [agentSettings, sessionSettings];
  const config = Config.open({ path, sections, log, clock, env: {}, fallbackFolder: stateDir });
  const bus = new Bus();
  const sessions = new Sessions({ stateDir, store, clock, bus, config, agents: new Agents({ config }) });
  const did: unknown[][] = [];
  const agent = {
    reply: ({ message }: { message: string }) => {
      did.push(["asked", message]);
      return known;
    },
    runs: {
      open: () => runs,
      known: (id: string) => {
        const run = runs.find((each) => each.id === id);
        return run && { kind: "open", run };
      },
      abort: ({ id }: OpenRun, reason: string) => void did.push(["stopped", id, reason]),
    },
    delegations: { abortUnder: () => below },
  };
  const models = { chosen: { thinkingOf: () => undefined, sessionDefaults: () => ({}) } };
  const chat = new Chat({ sessions, bus, agent, models } as unknown as ChatServices);
  return { chat, sessions, bus, did, [Symbol.dispose]: () => stack.dispose() };
}

const CALLER = { principal: "device:a" } as Caller;
const MAIN = "agent:main:main";
const sent = (message: string) => ({ sessionKey: "main", message, idempotencyKey: "r1" });

const STOPS = ["stop", "/stop", " STOP ", "esc", "abort", "wait", "exit", "interrupt", "st\u0007op"];
for (const message of STOPS) {
  test(`${JSON.stringify(message)} stops the replies under way instead of asking for one`, () => {
    using opened = open({ runs: [openRun("r0", MAIN, { spelledKey: "main" })] });

    const answer = opened.chat.send(sent(message), CALLER);

    assert.deepEqual(answer, { ok: true, aborted: true, runIds: ["r0"] });
    assert.deepEqual(opened.did, [["stopped", "r0", "stop"]]);
  });
}

for (const message of ["please stop", "stop it", "stop.", "/stop now", ""]) {
  test(`${JSON.stringify(message)} is a message like any other`, () => {
    using opened = open();

    assert.deepEqual(opened.chat.send(sent(message), CALLER), { runId: "r1", status: "started" });
    assert.deepEqual(opened.did, [["asked", message]]);
  });
}

const ended = (outcome: object): KnownRun => ({ kind: "ended", result: { outcome } }) as KnownRun;
const STATES: readonly [about: string, known: KnownRun, status: string][] = [
  ["still works", { kind: "open" } as KnownRun, "in_flight"],
  ["is over", ended({ kind: "ok", text: "Hi" }), "ok"],
  ["was stopped", ended({ kind: "aborted", reason: "rpc" }), "ok"],
];
for (const [about, known, status] of STATES) {
  test(`a message that is sent again is told that its run ${about}`, () => {
    using opened = open({ known });

    assert.deepEqual(
      [opened.chat.send(sent("Hello"), CALLER), opened.chat.again(sent("Hello"), CALLER)],
      [
        { runId: "r1", status },
        { runId: "r1", status },
      ],
    );
  });
}

test("a message that is sent again gets the failure of its run", () => {
  using opened = open({ known: ended({ kind: "error", error: "the model is away" }) });

  assert.throws(() => opened.chat.send(sent("Hello"), CALLER), {
    code: "UNAVAILABLE",
    message: "the model is away",
    payload: { runId: "r1", status: "error", summary: "the model is away" },
  });
});

const RUNS = [
  openRun("r1", MAIN, { spelledKey: "main" }),
  openRun("r2", MAIN),
  openRun("r3", MAIN, { spelledKey: "main", source: "channel" }),
  openRun("r4", "agent:main:other"),
  openRun("r5", "agent:ops:main", { spelledKey: "main" }),
];
const ABORTS: readonly [about: string, asked: Parameters<Chat["abort"]>, runIds: string[]][] = [
  ["all of a key as it was spelled", ["main", undefined], ["r1", "r5"]],
  ["all of another spelling", [MAIN, undefined], ["r2"]],
  ["those of one agent", ["main", undefined, "main"], ["r1"]],
  ["one of them", ["main", "r5"], ["r5"]],
  ["none of an unknown run", ["main", "r9"], []],
  ["none of a run that a channel asked for", ["main", "r3"], []],
  ["none where nothing works", ["agent:main:idle", undefined], []],
];
for (const [about, asked, runIds] of ABORTS) {
  test(`an abort stops ${about}`, () => {
    using opened = open({ runs: RUNS });

    assert.deepEqual(opened.chat.abort(...asked), {
      ...{ ok: true, aborted: runIds.length > 0, runIds },
    });
    assert.deepEqual(
      opened.did,
      runIds.map((id) => ["stopped", id, "rpc"]),
    );
  });
}

test("an abort of a run by another key than its own is refused and stops nothing", () => {
  using opened = open({ runs: RUNS });

  assert.throws(() => opened.chat.abort("main", "r4"), {
    code: "INVALID_REQUEST",
    message: "runId does not match sessionKey",
  });
  assert.deepEqual(opened.did, []);
});

test("an abort that stops only what other agents work on below has stopped something", () => {
  using opened = open({ below: 2 });

  assert.deepEqual(opened.chat.abort("main", undefined), { ok: true, aborted: true, runIds: [] });
});

/** A conversation in which the numbers from 1 to 5 were said; each is the same number of bytes as JSON. */
function counted(opened: ReturnType<typeof open>): number {
  const session = opened.sessions.ensure(MAIN);
  for (const text of ["1", "2", "3", "4", "5"])
    opened.sessions.transcript.append(session, { role: "user", content: [{ type: "text", text: `ü${text}` }] });
  const sizes = opened.chat.history(MAIN, 5).messages.map((each) => Buffer.byteLength(JSON.stringify(each)) + 1);
  assert.equal(new Set(sizes).size, 1);
  return sizes[0]!;
}

const PARTS: readonly [about: string, maxBytes: (each: number) => number | undefined, texts: string[]][] = [
  ["no limit shows all", () => undefined, ["ü1", "ü2", "ü3", "ü4", "ü5"]],
  ["all that fit exactly", (each) => 3 * each, ["ü3", "ü4", "ü5"]],
  ["not one that is a byte too long", (each) => 3 * each - 1, ["ü4", "ü5"]],
  ["always the newest one", () => 1, ["ü5"]],
];
for (const [about, maxBytes, texts] of PARTS) {
  test(`a history is limited by bytes: ${about}`, () => {
    using opened = open();
    const limit = maxBytes(counted(opened));

    const { messages } = opened.chat.laterHistory({
      sessionKey: MAIN,
      ...(limit !== undefined && { maxBytes: limit }),
    });

    assert.deepEqual(
      messages.map(({ content }) => content),
      texts.map((text) => [{ type: "text", text }]),
    );
  });
}

test("the history of an unknown conversation is empty, under the key as it was spelled", () => {
  using opened = open();

  assert.deepEqual(opened.chat.history("Main", 5), { sessionKey: "Main", messages: [], thinkingLevel: "off" });
});

test("a message is added as if the assistant had said it, and watchers hear of it", () => {
  using opened = open();
  const { chat, bus, sessions } = opened;
  const { sessionId } = sessions.ensure(MAIN);
  const heard: unknown[] = [];
  bus.on(chatEvent, (event) => void heard.push(event));

  const { ok, messageId } = chat.inject("main", "Tea is\u0007 ready", "kitchen");

  const [message] = chat.history(MAIN, 5).messages;
  assert.equal(ok, true);
  assert.deepEqual(message?.content, [{ type: "text", text: "[kitchen]\n\nTea is ready" }]);
  assert.deepEqual([message?.role, sessions.transcript.count(sessionId)], ["assistant", 1]);
  assert.deepEqual(heard, [{ runId: `inject-${messageId}`, sessionKey: "main", seq: 0, state: "final", message }]);
});

const REFUSED: readonly [about: string, act: (chat: Chat) => unknown, message: string][] = [
  [
    "a message to a conversation that there is not",
    (chat) => chat.inject("none", "Hi", undefined),
    "session not found",
  ],
  [
    "a page both before and after a message",
    (chat) => chat.past({ sessionKey: "main", before: "a", after: "b" }),
    "name one of before, after, around and branch",
  ],
];
for (const [about, act, message] of REFUSED) {
  test(`${about} is refused`, () => {
    using opened = open();

    assert.throws(() => act(opened.chat), { code: "INVALID_REQUEST", message });
  });
}
