import assert from "node:assert/strict";
import { test } from "node:test";
import { openStore } from "../../../base/store/store.ts";
import { tables } from "./tables.ts";
import { UnattendedSessions } from "./unattended-sessions.ts";

const UUID = "0b8f6a52-6f1e-4a52-9a43-0e6d1f0f9c11";

function stage() {
  const store = openStore(":memory:", [tables]);
  const session = (key: string, at: number, more: { label?: string; details?: string } = {}) =>
    store.run(
      "insert into sessions (key, session_id, label, details, created_at, updated_at) values (?, ?, ?, ?, ?, ?)",
      ...[key, `now-${key}`, more.label ?? null, more.details ?? "{}", at, at],
    );
  const message = (key: string, sessionId: string, at: number) =>
    store.run(
      "insert into messages (id, session_key, session_id, role, at, text, body) values (?, ?, ?, 'user', ?, 'x', '{}')",
      ...[`${key}-${sessionId}-${at}`, key, sessionId, at],
    );
  return { store, session, message, unattended: new UnattendedSessions(store) };
}

test("conversations of jobs and hooks are left alone when they are old, or too many; those of people never are", () => {
  const { store, session, unattended } = stage();
  using _store = store;
  session("agent:main:main", 1);
  session("agent:main:hook:github", 1);
  session("agent:main:cron:named", 1, { label: "Mine" });
  session("agent:main:cron:pinned", 1, { details: '{"pinned":true}' });
  session("agent:main:cron:old", 2);
  session(`agent:main:hook:${UUID}`, 3);
  session("agent:main:cron:busy", 4);
  session("agent:main:cron:b", 20);
  session("agent:main:cron:a", 21);

  const except = new Set(["agent:main:cron:busy"]);
  const old = unattended.expired({ before: 10, most: 100, limit: 10, except });
  const surplus = unattended.expired({ before: 0, most: 1, limit: 10, except });

  assert.deepEqual(old, ["agent:main:cron:old", `agent:main:hook:${UUID}`]);
  assert.deepEqual(surplus, ["agent:main:cron:old", `agent:main:hook:${UUID}`, "agent:main:cron:b"]);
});

test("of a job that works often, transcripts that are over are forgotten, and what is said now is not", () => {
  const { store, session, message, unattended } = stage();
  using _store = store;
  const key = "agent:main:cron:often";
  session(key, 100);
  session("agent:main:main", 100);
  message(key, "earlier", 1);
  message(key, "earlier", 60);
  message(key, `now-${key}`, 2);
  message("agent:main:main", "earlier", 1);

  const isMore = unattended.forgetPast(50);

  const left = store.all<{ id: string }>("select id from messages order by id").map(({ id }) => id);
  assert.equal(isMore, false);
  assert.deepEqual(left, ["agent:main:main-earlier-1", `${key}-earlier-60`, `${key}-now-${key}-2`].sort());
});
