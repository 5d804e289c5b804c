import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
  const source = join(stateDir, "restoring", "state");
  mkdirSync(source, { recursive: true });
  const sides = [
    [stateDir, newer],
    [source, older],
  ] as const;
  for (const [folder, events] of sides) {
    using store = openStore(databasePath(folder), [tables]);
    for (const each of events) keep(store, each);
  }
  return { stateDir, source, staging: join(stateDir, "restoring") };
}

/** What the restored database holds, after as many tries as a kill may take. */
function carried({ stateDir, ...plan }: ReturnType<typeof prepared>): unknown[] {
  for (let tries = 0; tries < 2; tries++)
    assert.equal(problemCarryingOver(stateDir, plan as never, [tables]), undefined);
  using store = openStore(databasePath(plan.source), [tables]);
  return store
    .all(
      `select i.id, k.key, i.state, i.run_id as run from inbox i join inbox_keys k on k.inbox_id = i.id order by i.id`,
    )
    .map((row) => Object.values(row));
}

test("what came since keeps its ids, and what is done since is done", () => {
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
    [4, "c", "running", "msg-4"],
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
    [4, "own 1", "done", "msg-4"],
    [5, "own 2", "done", "msg-5"],
  ]);
});

/** A part of a reply. */
function post(store: Store, about: { id: number; origin: string; part?: number; state?: string; text?: string }): void {
  const { id, origin, part = 0, state = "sent", text = "words" } = about;
  const to = { channel: "paper", account: "default", chat: "1" };
  store.run(
    ...insertInto("outbox", {
      ...{ id, ...to, origin, part, state, client_id: `${origin}:${Math.max(0, part)}:${text}` },
      payload: JSON.stringify({ content: { kind: "text", text } }),
      ...{ queued_at: 1, expires_at: 2 },
    }),
  );
}

function posted({ source }: { readonly source: string }): unknown[] {
  using store = openStore(databasePath(source), [tables]);
  return store
    .all(`select origin, part, state, payload ->> '$.content.text' as text from outbox order by id`)
    .map((row) => Object.values(row));
}

test("replies of messages whose ids were given twice stay with their messages", () => {
  const stage = prepared([{ id: 1, key: "own" }], [{ id: 1, key: "other" }]);
  using newer = openStore(databasePath(stage.stateDir), [tables]);
  post(newer, { id: 1, origin: "run:msg-1", text: "own" });
  newer[Symbol.dispose]();
  using older = openStore(databasePath(stage.source), [tables]);
  post(older, { id: 1, origin: "run:msg-1", state: "queued", text: "other" });
  older[Symbol.dispose]();

  carried(stage);

  assert.deepEqual(posted(stage), [
    ["run:msg-1", 0, "queued", "other"],
    ["run:msg-2", 0, "sent", "own"],
  ]);
});

test("a reply that was cut into parts and sent since the backup is not sent again whole", () => {
  const stage = prepared([{ id: 1, key: "a" }], [{ id: 1, key: "a", state: "running" }]);
  using newer = openStore(databasePath(stage.stateDir), [tables]);
  for (const part of [0, 1]) post(newer, { id: 2 + part, origin: "run:msg-1", part });
  newer[Symbol.dispose]();
  using older = openStore(databasePath(stage.source), [tables]);
  post(older, { id: 1, origin: "run:msg-1", part: -1, state: "composing" });
  older[Symbol.dispose]();

  carried(stage);

  assert.deepEqual(posted(stage), [
    ["run:msg-1", 0, "sent", "words"],
    ["run:msg-1", 1, "sent", "words"],
  ]);
});

test("what an account remembers is what belongs to the messages that it has read", () => {
  const stage = prepared([], []);
  const sides = [
    [stage.stateDir, ["creds", "new"], ["key/2", "new"]],
    [stage.source, ["creds", "old"], ["key/1", "old"]],
  ] as const;
  for (const [folder, ...rows] of sides) {
    using store = openStore(databasePath(folder), [tables]);
    for (const row of rows) store.run("insert into channel_state values ('paper', 'default', ?, ?)", ...row);
    if (folder === stage.source) store.run("insert into channel_state values ('paper', 'other', 'creds', 'only')");
  }

  carried(stage);

  using store = openStore(databasePath(stage.source), [tables]);
  assert.deepEqual(
    store.all("select account, key, value from channel_state order by account, key").map((row) => Object.values(row)),
    [
      ["default", "creds", "new"],
      ["default", "key/2", "new"],
      ["other", "creds", "only"],
    ],
  );
});

test("files that wait to be sent are there after the restore, in the undo too", () => {
  const stage = prepared([], []);
  const file = join("media", "outbound", "picture");
  mkdirSync(join(stage.stateDir, "media", "outbound"), { recursive: true });
  writeFileSync(join(stage.stateDir, file), "picture");

  carried(stage);

  assert.equal(readFileSync(join(stage.source, file), "utf8"), "picture");
  assert.equal(readFileSync(join(stage.stateDir, file), "utf8"), "picture");
});

test("a database that cannot be read is named, and the restored one stays as it is", () => {
  const stage = prepared([], [{ id: 1, key: "a" }]);
  rmSync(databasePath(stage.stateDir));
  mkdirSync(databasePath(stage.stateDir));

  const problem = problemCarryingOver(stage.stateDir, stage as never, [tables]);

  assert.ok(problem instanceof Error);
  using store = openStore(databasePath(stage.source), [tables]);
  assert.equal(store.all("select * from inbox").length, 1);
});
