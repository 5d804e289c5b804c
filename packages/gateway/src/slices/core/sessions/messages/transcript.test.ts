import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { openStore } from "../../../../base/store/store.ts";
import { systemClock } from "../../../../base/time/clock.ts";
import { Media } from "../media.ts";
import { tables } from "../tables.ts";
import { Transcript } from "./transcript.ts";

function open() {
  const stateDir = mkdtempSync(join(tmpdir(), "moltbot-transcript-"));
  const stack = new DisposableStack();
  stack.defer(() => rmSync(stateDir, { recursive: true }));
  const store = stack.use(openStore(":memory:", [tables]));
  const transcript = new Transcript({ store, clock: systemClock, media: new Media(stateDir) });
  return { transcript, store, [Symbol.dispose]: () => stack.dispose() };
}

type Opened = ReturnType<typeof open>;

const CONVERSATIONS = ["a", "b"];
const ALL = { limit: 1_000, goesOn: () => true };

function say({ transcript }: Opened, sessionId: string, runId: string): void {
  transcript.append({ key: `key-${sessionId}`, sessionId }, { role: "user", content: [], runId });
}

/** Does something that is taken back. */
function rolledBack({ store }: Opened, work: () => void): void {
  assert.throws(() => {
    store.transaction(() => {
      work();
      throw new Error("taken back");
    });
  }, /taken back/);
}

const idAt = ({ transcript }: Opened, sessionId: string, back: number) =>
  transcript.last(sessionId, 1_000).at(-1 - back)?.id ?? "none";

/** Each changes a conversation in one way; `n` chooses what it is done to. */
const CHANGES: Readonly<Record<string, (opened: Opened, sessionId: string, n: number) => void>> = {
  say: (opened, sessionId, n) => say(opened, sessionId, `r${n % 2}`),
  "say much": (opened, sessionId, n) => {
    for (let said = 0; said < 250; said++) say(opened, sessionId, `r${n % 2}`);
  },
  "say and take back": (opened, sessionId, n) =>
    rolledBack(opened, () => {
      say(opened, sessionId, `r${n % 2}`);
      opened.transcript.backwards(sessionId, ALL);
    }),
  archive: (opened, sessionId, n) => opened.transcript.archive(idAt(opened, sessionId, n)),
  "archive all but some": ({ transcript }, sessionId, n) => void transcript.archiveAllBut(sessionId, n),
  "archive a run": ({ transcript }, sessionId, n) => transcript.archiveRun(sessionId, `r${n % 2}`),
  "archive and take back": (opened, sessionId, n) =>
    rolledBack(opened, () => {
      opened.transcript.archiveRun(sessionId, `r${n % 2}`);
      opened.transcript.backwards(sessionId, ALL);
    }),
  "move to the end": ({ transcript }, sessionId, n) =>
    transcript.moveToEnd(transcript.placesOf(sessionId, [`r${n % 2}`]), `r${(n + 1) % 2}`),
  delete: ({ transcript }, sessionId) => transcript.deleteAll(`key-${sessionId}`),
};

test("reading backwards always finds what the table holds, whatever has changed since the last reading", () => {
  const change = fc.record({
    what: fc.constantFrom(...Object.keys(CHANGES)),
    sessionId: fc.constantFrom(...CONVERSATIONS),
    n: fc.nat(4),
    limit: fc.constantFrom(1, 3, 199, 200, 201, 1_000),
    after: fc.nat(8),
  });

  fc.assert(
    fc.property(fc.array(change, { minLength: 5, maxLength: 25 }), (changes) => {
      using opened = open();
      const { transcript } = opened;
      for (const { what, sessionId, n, limit, after } of changes) {
        CHANGES[what]!(opened, sessionId, n);
        for (const each of CONVERSATIONS) {
          const afterId = after === 8 ? undefined : idAt(opened, each, after);
          const all = transcript.last(each, 1_000_000);
          const behind = all.slice(all.findIndex(({ id }) => id === afterId) + 1);
          assert.deepEqual(transcript.backwards(each, { afterId, limit, goesOn: () => true }), behind.slice(-limit));
        }
      }
    }),
    { numRuns: 100 },
  );
});

test("what has been read is not read again", () => {
  using opened = open();
  const { transcript, store } = opened;
  CHANGES["say much"]!(opened, "a", 1);
  const before = transcript.backwards("a", ALL);
  say(opened, "a", "r2");

  store.run("update messages set body = 'not read' where run_id = 'r1'");
  const after = transcript.backwards("a", ALL);

  assert.deepEqual(after.slice(0, -1), before);
  assert.equal(after.at(-1)?.runId, "r2");
});

test("a conversation that is larger than the memory for all of them is read anew, and keeps nothing", () => {
  using opened = open();
  const { transcript, store } = opened;
  const content = [{ type: "text" as const, text: "x".repeat(10_000_000) }];
  const { id } = transcript.append({ key: "key-a", sessionId: "a" }, { role: "user", content });
  transcript.backwards("a", ALL);

  store.run("update messages set role = 'assistant' where id = ?", id);

  assert.equal(transcript.backwards("a", ALL)[0]?.role, "assistant");
});

test("a title is looked for among the first messages only", () => {
  using opened = open();
  const { transcript } = opened;
  const add = (role: "user" | "assistant", said: string) =>
    transcript.append({ key: "key-a", sessionId: "a" }, { role, content: [{ type: "text", text: said }] });

  for (let n = 0; n < 199; n++) add("assistant", `report ${n}`);
  add("user", "stop it");
  const near = transcript.previews.title("a");
  transcript.archiveAllBut("a", 0);
  for (let n = 0; n < 200; n++) add("assistant", `report ${n}`);
  add("user", "stop it");

  assert.deepEqual(
    [near, transcript.previews.title("a"), transcript.previews.newest("a")],
    ["stop it", undefined, "stop it"],
  );
});
