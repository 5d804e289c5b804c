import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { problemCarryingOver } from "../../../base/backup/carry-over.ts";
import { databasePath } from "../../../base/files.ts";
import { insertInto } from "../../../base/store/statement.ts";
import { openStore, type Store } from "../../../base/store/store.ts";
import { tables } from "./tables.ts";

const root = mkdtempSync(join(tmpdir(), "moltbot-carried-"));
after(() => rmSync(root, { recursive: true }));

interface Event {
  readonly id: number;
  readonly key: string;
  readonly state?: string;
  readonly runId?: string;
}

function keep(store: Store, { id, key, state = "done", runId = `msg-${id}` }: Event): void {
  const about = { channel: "paper", account: "default", chat: "1", chat_kind: "direct", sender: "1", kind: "message" };
  store.run(
    ...insertInto("inbox", {
      ...{ id, ...about, message_id: key, at: 1, received_at: 1, payload: "{}", state },
      ...(state !== "received" && { run_id: runId }),
    }),
  );
  store.run("insert into inbox_keys values ('paper', 'default', ?, ?)", key, id);
}

/** A state folder with a database, beside a restore that has another. */
function prepared(newer: readonly Event[], older: readonly Event[]) {
  const stateDir = mkdtempSync(join(root, "test-"));
  const source = join(stateDir, "restoring");
  mkdirSync(source);
  const sides = [
    [stateDir, newer],
    [source, older],
  ] as const;
  for (const [folder, events] of sides) {
    using store = openStore(databasePath(folder), [tables]);
    for (const each of events) keep(store, each);
  }
  return { stateDir, source };
}

/** What the restored database holds, after as many tries as a kill may take. */
function carried({ stateDir, source }: ReturnType<typeof prepared>): unknown[] {
  for (let tries = 0; tries < 2; tries++)
    assert.equal(problemCarryingOver(stateDir, { source } as never, [tables]), undefined);
  using store = openStore(databasePath(source), [tables]);
  return store
    .all(
      `select i.id, k.key, i.state, i.run_id as run from inbox i join inbox_keys k on k.inbox_id = i.id order by i.id`,
    )
    .map((row) => Object.values(row));
}

test("what came since keeps its ids, what is done since is done, and a run that is gone leaves its message to be decided", () => {
  const newer = [
    { id: 1, key: "a" },
    { id: 2, key: "b" },
    { id: 4, key: "c", state: "running" },
    { id: 5, key: "d", state: "received" },
  ];

  const rows = carried(
    prepared(newer, [
      { id: 1, key: "a" },
      { id: 2, key: "b", state: "received" },
    ]),
  );

  assert.deepEqual(rows, [
    [1, "a", "done", "msg-1"],
    [2, "b", "done", "msg-2"],
    [4, "c", "received", null],
    [5, "d", "received", null],
  ]);
});

test("ids that both databases have given to different messages are given anew", () => {
  const rows = carried(
    prepared(
      [
        { id: 1, key: "own 1" },
        { id: 2, key: "own 2" },
      ],
      [
        { id: 1, key: "other 1" },
        { id: 2, key: "other 2" },
        { id: 3, key: "other 3" },
      ],
    ),
  );

  assert.deepEqual(rows, [
    [1, "other 1", "done", "msg-1"],
    [2, "other 2", "done", "msg-2"],
    [3, "other 3", "done", "msg-3"],
    [4, "own 1", "done", null],
    [5, "own 2", "done", null],
  ]);
});

test("a database that cannot be read is named, and the restored one stays as it is", () => {
  const stage = prepared([], [{ id: 1, key: "a" }]);
  rmSync(databasePath(stage.stateDir));
  mkdirSync(databasePath(stage.stateDir));

  const problem = problemCarryingOver(stage.stateDir, { source: stage.source } as never, [tables]);

  assert.ok(problem instanceof Error);
  using store = openStore(databasePath(stage.source), [tables]);
  assert.equal(store.all("select * from inbox").length, 1);
});
