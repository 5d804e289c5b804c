import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { FakeClock } from "../../../../../../test/fakes/clock.ts";
import { Bus } from "../../../base/bus.ts";
import { Config } from "../../../base/config/config-file.ts";
import { createLog } from "../../../base/log.ts";
import { Secrets } from "../../../base/privacy/secrets.ts";
import { Machine, storageProblem } from "../../../base/process/machine.ts";
import { openStore } from "../../../base/store/store.ts";
import { StoreUpkeep } from "../../../base/store/store-upkeep.ts";
import { systemClock } from "../../../base/time/clock.ts";
import { Agents } from "../../core/agents/agents.ts";
import { agents as agentSettings } from "../../core/agents/settings.ts";
import { Sessions } from "../../core/sessions/sessions.ts";
import { session } from "../../core/sessions/settings.ts";
import { tables as sessionTables } from "../../core/sessions/tables.ts";
import type { ModelStep } from "../models/port.ts";
import { chat } from "./events.ts";
import type { NewRun } from "./run/new-run.ts";
import type { Run } from "./run/run.ts";
import type { Answer } from "./run/run-executor.ts";
import type { RunRequest } from "./run/run-store.ts";
import { Runs } from "./runs.ts";
import type { ChatPayload } from "./schema.ts";
import type { AgentServices } from "./services.ts";
import { tables } from "./tables.ts";

const request: RunRequest = { message: "Hi", timeoutMs: 60_000, starter: { scopes: [], name: "test" } };

function newRun(id: string, text = "Hi", sessionKey = "agent:main:main"): NewRun {
  return { id, source: "chat.send", principal: "test", sessionKey, request, content: [{ type: "text", text }] };
}

/** Runs over a store in memory; a new `runs()` is what a new process would be. */
function open(answer: (run: Run) => AsyncIterable<ModelStep>) {
  const stateDir = mkdtempSync(join(tmpdir(), "moltbot-runs-"));
  const path = join(stateDir, "moltbot.json");
  writeFileSync(path, "{}");
  const stack = new DisposableStack();
  stack.defer(() => rmSync(stateDir, { recursive: true }));
  const clock = systemClock;
  const lines: string[] = [];
  const log = createLog({
    clock,
    level: "error",
    sinks: [({ sentence }) => void lines.push(sentence)],
    secrets: new Secrets(),
  });
  const machine = stack.use(new Machine({ clock, log, folder: stateDir }));
  const store = stack.use(openStore(":memory:", [sessionTables, tables]));
  const config = Config.open({
    path,
    sections: [agentSettings, session],
    log,
    clock,
    env: {},
    fallbackFolder: stateDir,
  });
  const upkeepClock = new FakeClock();
  const upkeep = stack.use(new StoreUpkeep({ store, clock: upkeepClock, log }));
  const bus = new Bus();
  const agents = new Agents({ config });
  const sessions = new Sessions({ stateDir, store, clock, bus, config, agents });
  const services = {
    stateDir,
    env: {},
    settled: (text: string) => text,
    version: "0",
    clock,
    log,
    bus,
    store,
    config,
    machine,
    upkeep,
    agents,
    sessions,
  } as unknown as AgentServices;
  const told: ChatPayload[] = [];
  stack.use(bus.on(chat, (payload) => told.push(payload)));
  const answerer = {
    isImmediate: () => false,
    isCommand: () => false,
    hasOwnRules: () => false,
    answer: async (run: Run): Promise<Answer> => ({ provider: "fake", model: "m", steps: answer(run) }),
  };
  return {
    runs: () => new Runs(services, answerer),
    log: lines,
    sessions,
    store,
    told,
    upkeep,
    upkeepClock,
    [Symbol.dispose]: () => stack.dispose(),
  };
}

async function* say(...texts: string[]): AsyncGenerator<ModelStep> {
  for (const delta of texts) yield { kind: "text", delta };
}

/** An answer that never comes, until the run is told to stop. */
async function* hang(run: Run): AsyncGenerator<ModelStep> {
  yield { kind: "text", delta: "Half" };
  await new Promise((_, reject) => run.signal.addEventListener("abort", () => reject(run.signal.reason)));
}

/** Waits until the log says this. */
async function said(lines: readonly string[], sentence: string): Promise<void> {
  while (!lines.includes(sentence)) await nextTurn();
}

function limitPages(store: ReturnType<typeof openStore>, extra: number): void {
  const { page_count: pages } = store.get<{ page_count: number }>("pragma page_count")!;
  store.get(`pragma max_page_count = ${pages + extra}`);
}

test("a full disk refuses a message with nothing kept; the same key works when there is room again", async () => {
  using opened = open(() => say("Hello"));
  const runs = opened.runs();
  limitPages(opened.store, 3);

  const refusal = (() => {
    try {
      return void runs.accept(newRun("r1", "x".repeat(100_000)));
    } catch (error) {
      return storageProblem(error);
    }
  })();
  const known = runs.known("r1");
  limitPages(opened.store, 1000);
  const { outcome } = await runs.accept(newRun("r1")).finished;

  assert.equal(refusal, "the disk is full; free some space and try again");
  assert.equal(known, undefined);
  assert.equal(outcome.kind, "ok");
  assert.equal(opened.sessions.all.count(), 1);
});

test("an outcome that does not fit on the disk is recorded once there is room, by the same process and once", async () => {
  const asked: string[] = [];
  using opened = open((run) => {
    asked.push(run.id);
    return say("x".repeat(200_000));
  });
  const runs = opened.runs();
  const run = runs.accept(newRun("r1"));
  limitPages(opened.store, 8);
  await said(opened.log, "the outcome of a run cannot be recorded now");

  const ends = () => opened.told.filter(({ state }) => state !== "delta").map(({ state }) => state);
  const during = [runs.known("r1")?.kind, ends()];
  limitPages(opened.store, 1000);
  const { outcome } = await run.finished;

  assert.deepEqual(during, ["open", []]);
  assert.deepEqual([outcome.kind, outcome.text.length, asked], ["ok", 200_000, ["r1"]]);
  assert.deepEqual(ends(), ["final"]);
});

test("an outcome that waits for the disk when the gateway stops is left to the next start", async () => {
  const answers = ["x".repeat(200_000), "short"];
  using opened = open(() => say(answers.shift() ?? ""));
  const before = opened.runs();
  before.accept(newRun("r1"));
  limitPages(opened.store, 8);
  await said(opened.log, "the outcome of a run cannot be recorded now");
  await before.stop();
  limitPages(opened.store, 1000);

  const after = opened.runs();
  after.resume();
  const known = after.known("r1");
  const second = known?.kind === "open" ? (await known.run.finished).outcome : undefined;

  assert.deepEqual([second?.kind, second?.text], ["ok", "short"]);
});

test("a run that a stop interrupts is taken up by the next start under the same id, and the attempt does not count", async () => {
  const answers = [hang, () => say("Whole")];
  using opened = open((run) => answers.shift()!(run));
  const before = opened.runs();
  const begun = Promise.withResolvers<void>();
  const run = before.accept(newRun("r1"));
  opened.store.run("update runs set attempts = 2");
  const watch = setInterval(() => run.text !== "" && begun.resolve(), 1);
  await begun.promise.finally(() => clearInterval(watch));

  await before.stop();
  const attempts = opened.store.get<{ attempts: number }>("select attempts from runs")?.attempts;
  const after = opened.runs();
  after.resume();
  const known = after.known("r1");
  const outcome = known?.kind === "open" ? (await known.run.finished).outcome : undefined;

  assert.equal(attempts, 2);
  assert.deepEqual([outcome?.kind, outcome?.text], ["ok", "Whole"]);
  const history = opened.sessions.transcript.last(opened.sessions.get("agent:main:main")!.sessionId, 9);
  assert.deepEqual(
    history.map(({ role }) => role),
    ["user", "assistant"],
  );
});

test("a message that is kept elsewhere, the first beginning of a run and the end of a channel's wait for no disk; all else does", async () => {
  using opened = open(() => say("ok"));
  const level = () => opened.store.get<{ synchronous: number }>("pragma synchronous")?.synchronous;
  const accepted: (number | undefined)[] = [];
  const begun: (number | undefined)[] = [];
  const ended: (number | undefined)[] = [];
  const run = opened.store.run.bind(opened.store);
  opened.store.run = (sql, ...values) => {
    if (sql.startsWith("update runs set state = 'running'")) begun.push(level());
    if (sql.startsWith("update runs set state = ?")) ended.push(level());
    return run(sql, ...values);
  };
  const runs = opened.runs();

  await runs.accept(newRun("own"), () => accepted.push(level())).finished;
  const kept = { ...newRun("kept"), source: "channel", isKeptElsewhere: true } as const;
  await runs.accept(kept, () => accepted.push(level())).finished;
  run("update runs set state = 'running', attempts = 1, outcome = null where id = 'own'");
  const after = opened.runs();
  after.resume();
  await after.open()[0]?.finished;

  assert.deepEqual({ accepted, begun, ended }, { accepted: [2, 1], begun: [1, 1, 2], ended: [2, 1, 2] });
});

test("a run that brought three processes down is ended with a recorded, visible error", async () => {
  using opened = open(() => say("never"));
  opened.runs().accept(newRun("r1"));
  opened.store.run("update runs set state = 'running', attempts = 3");

  const after = opened.runs();
  after.resume();

  const known = after.known("r1");
  const message = "The gateway stopped 3 times while it worked on this; send the message again.";
  assert.equal(known?.kind === "ended" && known.result.outcome.kind === "error" && known.result.outcome.error, message);
  assert.deepEqual(
    opened.told.map(({ state, errorMessage }) => [state, errorMessage]),
    [["error", message]],
  );
  const [last] = opened.sessions.transcript.last(opened.sessions.get("agent:main:main")!.sessionId, 1);
  assert.deepEqual([last?.role, last?.stopReason, last?.errorMessage], ["assistant", "error", message]);
});

test("runs are taken up in the order in which they were accepted", async () => {
  const order: string[] = [];
  using opened = open((run) => {
    order.push(run.id);
    return say("ok");
  });
  const before = opened.runs();
  for (const id of ["r1", "r2", "r3"]) before.accept(newRun(id));
  await before.stop();
  order.length = 0;

  const after = opened.runs();
  after.resume();
  const runs = after.open();
  await Promise.all(runs.map(({ finished }) => finished));

  assert.deepEqual(order, ["r1", "r2", "r3"]);
});

test("an answer that hears nobody and never ends frees its conversation at the run's time limit", async () => {
  const { promise: never } = Promise.withResolvers<never>();
  const answers = [
    async function* deaf(): AsyncGenerator<ModelStep> {
      try {
        yield { kind: "text", delta: "Half" };
        await never;
      } finally {
        await never;
      }
    },
    () => say("Whole"),
  ];
  using opened = open(() => answers.shift()!());
  const runs = opened.runs();
  const first = runs.accept({ ...newRun("r1"), request: { ...request, timeoutMs: 30 } });
  const second = runs.accept(newRun("r2"));

  const ends = [(await first.finished).outcome, (await second.finished).outcome];

  assert.deepEqual(
    ends.map(({ kind, text }) => [kind, text]),
    [
      ["aborted", "Half"],
      ["ok", "Whole"],
    ],
  );
  assert.equal(opened.store.get<{ state: string }>("select state from runs where id = 'r1'")?.state, "aborted");
});

test("a run that is stopped before it begins ends at once, and the next one begins", async () => {
  const order: string[] = [];
  using opened = open((run) => {
    order.push(run.id);
    return say("ok");
  });
  const runs = opened.runs();
  const [first, second] = [runs.accept(newRun("r1")), runs.accept(newRun("r2"))];

  runs.abort(first, "stop");
  await second.finished;

  assert.equal((await first.finished).outcome.kind, "aborted");
  assert.deepEqual(order, ["r2"]);
});

test("a stopping gateway takes no more messages", async () => {
  using opened = open(() => say("ok"));
  const runs = opened.runs();
  await runs.stop();

  assert.throws(() => runs.accept(newRun("r1")), { code: "UNAVAILABLE", retryable: true });
  assert.equal(runs.known("r1"), undefined);
});

test("runs that ended a week ago are forgotten", async () => {
  using opened = open(() => say("ok"));
  const runs = opened.runs();
  await runs.accept(newRun("old")).finished;
  await runs.accept(newRun("new")).finished;
  opened.store.run("update runs set ended_at = ended_at - 700000000 where id = 'old'");

  opened.runs().resume();
  opened.upkeep.start();
  opened.upkeepClock.advance(120_000);

  assert.deepEqual([runs.known("old"), runs.known("new")?.kind], [undefined, "ended"]);
});
