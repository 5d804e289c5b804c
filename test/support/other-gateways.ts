/** State folders as other gateways leave them, untidy included. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { zstdCompressSync } from "node:zlib";

/** Writes a file of a folder, and the folders on its way. */
export function put(folder: string, name: string, content: unknown): void {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
}

const line = (value: unknown) => `${JSON.stringify(value)}\n`;

/** A device of January with a key that nobody has to hold. */
export const JANUARY_TOKEN = "january-token-of-an-operator-0123456789abcdef";

export interface JanuaryDevice {
  readonly deviceId: string;
  readonly publicKey: string;
}

/** A folder of January 2026: a talk with a branch, a reset, a chat of Signal, jobs of all kinds, devices, credentials. */
export function januaryFolder(
  folder: string,
  device: JanuaryDevice = { deviceId: "a".repeat(64), publicKey: "K".repeat(43) },
): void {
  put(
    folder,
    "clawdbot.json",
    `{
  // written by hand
  meta: { lastTouchedVersion: "2026.1.24" },
  agents: { defaults: { model: { primary: "anthropic/claude-sonnet-4-5" }, timeoutSeconds: 300 }, list: [{ id: "main", identity: { name: "Molly" } }] },
  channels: {
    telegram: { enabled: true, botToken: "\${TELEGRAM_TOKEN}", allowFrom: ["tg:5000001", 5000002] },
    discord: { enabled: true, token: "discord-token", dm: { policy: "allowlist", allowFrom: ["99"] }, guilds: { "1": { channels: { "77": { allow: true, requireMention: false } } } } },
  },
  gateway: { port: 28789, auth: { token: "their-shared-token" } },
  session: { mainKey: "home" },
  plugins: { entries: {} },
  madeUp: { x: 1 },
}
`,
  );
  put(folder, ".env", "TELEGRAM_TOKEN=4242:secret-of-the-bot\n");
  const sessions = "agents/main/sessions";
  put(folder, `${sessions}/sessions.json`, {
    main: { sessionId: "s-bare", updatedAt: 1_768_000_000_000 },
    "agent:main:main": {
      sessionId: "s-main",
      updatedAt: 1_769_000_000_000,
      inputTokens: 12,
      outputTokens: 34,
      totalTokens: 46,
      skillsSnapshot: { big: "x".repeat(1000) },
    },
    "agent:main:signal:dm:ann": {
      sessionId: "s-ann",
      updatedAt: 1_768_500_000_000,
      sessionFile: "/elsewhere/s-ann.jsonl",
    },
  });
  const head = (id: string) =>
    line({ type: "session", version: 3, id, timestamp: "2026-01-20T10:00:00.000Z", cwd: "/x" });
  const said = (...[id, parentId, role, text, at]: [string, string | null | undefined, string, string, number]) =>
    line({
      type: "message",
      id,
      ...(parentId !== undefined && { parentId }),
      timestamp: new Date(at + 40).toISOString(),
      message: { role, content: [{ type: "text", text }], timestamp: at },
    });
  put(
    folder,
    `${sessions}/s-bare.jsonl`,
    head("s-bare") + said("b1", null, "user", "the bare main", 1_767_000_000_000),
  );
  put(
    folder,
    `${sessions}/s-main.jsonl`,
    head("s-main") +
      said("m1", null, "user", "hello from January\n[message_id: 77]", 1_768_900_000_000) +
      line({ type: "model_change", id: "c1", parentId: "m1", modelId: "x" }) +
      said("m2", "c1", "assistant", "an answer that was taken back", 1_768_900_001_000) +
      said("m3", "c1", "assistant", "the answer that counts", 1_768_900_002_000) +
      // The gateway appends by itself without naming what stands before.
      said("m4", undefined, "assistant", "⚙️ Compacted (12k → 3k)", 1_768_900_003_000) +
      line({
        type: "message",
        id: "m5",
        parentId: "m4",
        timestamp: "2026-01-20T10:00:04.000Z",
        message: {
          role: "assistant",
          timestamp: 1_768_900_004_000,
          content: [
            { type: "thinking", thinking: "hm", thinkingSignature: "sig" },
            { type: "toolCall", id: "t1", name: "read", arguments: { path: "a" } },
          ],
        },
      }) +
      line({
        type: "message",
        id: "m6",
        parentId: "m5",
        timestamp: "2026-01-20T10:00:05.000Z",
        message: {
          role: "toolResult",
          toolCallId: "t1",
          toolName: "read",
          timestamp: 1_768_900_005_000,
          content: [
            { type: "image", data: Buffer.from("89504e470d0a1a0a", "hex").toString("base64"), mimeType: "image/png" },
          ],
        },
      }) +
      // The process died while it wrote.
      '{"type":"message","id":"m7","par',
  );
  put(
    folder,
    `${sessions}/s-ann.jsonl`,
    head("s-ann") + said("a1", null, "user", "[Signal Ann id:+1555 2026-10-20 17:14 UTC] bonjour", 1_768_400_000_000),
  );
  put(folder, `${sessions}/s-old.jsonl`, head("s-old") + said("o1", null, "user", "before a reset", 1_766_000_000_000));
  put(
    folder,
    `${sessions}/s-gone.jsonl.deleted.2026-01-01T00-00-00.000Z`,
    head("s-gone") + said("g1", null, "user", "deleted by its owner", 1),
  );
  put(folder, "cron/jobs.json", {
    version: 1,
    jobs: [
      {
        id: "j-cron",
        name: "Stand-up",
        enabled: true,
        schedule: { kind: "cron", expr: "0 9 * * 1-5", tz: "Europe/Berlin" },
        sessionTarget: "isolated",
        wakeMode: "next-heartbeat",
        payload: { kind: "agentTurn", message: "hi", deliver: true, channel: "last" },
        state: {},
      },
      {
        id: "j-every",
        name: "Tick",
        enabled: true,
        schedule: { kind: "every", everyMs: 600_000 },
        sessionTarget: "main",
        wakeMode: "now",
        payload: { kind: "systemEvent", text: "tick" },
        state: { nextRunAtMs: 1_769_000_123_000, runningAtMs: 1 },
      },
      {
        id: "j-past",
        name: "Once",
        enabled: true,
        schedule: { kind: "at", atMs: 1_700_000_000_000 },
        sessionTarget: "main",
        wakeMode: "now",
        payload: { kind: "systemEvent", text: "too late" },
        state: { nextRunAtMs: 1_700_000_000_000 },
      },
      {
        id: "j-off",
        name: "Off",
        enabled: false,
        schedule: { kind: "cron", expr: "0 0 * * *" },
        sessionTarget: "main",
        wakeMode: "now",
        payload: { kind: "systemEvent", text: "off" },
        state: {},
      },
      {
        id: "j-broken",
        name: "Broken",
        schedule: { kind: "cron", expr: "99 9 * * *" },
        payload: { kind: "systemEvent", text: "x" },
      },
    ],
  });
  put(folder, "devices/paired.json", {
    [device.deviceId]: {
      ...device,
      ...{
        platform: "linux",
        clientId: "cli",
        clientMode: "cli",
        displayName: "laptop",
        role: "operator",
        roles: ["operator"],
      },
      scopes: ["operator.admin", "operator.read", "operator.write"],
      tokens: {
        operator: {
          token: JANUARY_TOKEN,
          role: "operator",
          scopes: ["operator.admin", "operator.read", "operator.write"],
        },
      },
      ...{ createdAtMs: 1_768_000_000_000, approvedAtMs: 1_768_000_001_000 },
    },
    ["b".repeat(64)]: {
      ...{
        deviceId: "b".repeat(64),
        publicKey: "L".repeat(43),
        role: "operator",
        roles: ["operator"],
        scopes: ["operator.read"],
      },
      tokens: { operator: { token: "revoked-token", scopes: ["operator.read"], revokedAtMs: 1_768_000_002_000 } },
      ...{ createdAtMs: 1_768_000_000_000, approvedAtMs: 1_768_000_001_000 },
    },
  });
  put(folder, "devices/pending.json", {});
  put(folder, "credentials/signal-allowFrom.json", { version: 1, allowFrom: ["signal:+1 (555) 010"] });
  put(folder, "credentials/telegram-pairing.json", { version: 1, requests: [] });
  put(
    folder,
    "credentials/whatsapp/default/creds.json",
    '{"me":{"id":"1555"},"noiseKey":{"private":{"type":"Buffer","data":"AA=="}}}',
  );
  put(folder, "credentials/whatsapp/default/sender-key-group@g.us--1555_1--0.json", '{"a":1}');
  put(folder, "credentials/whatsapp/default/app-state-sync-key-AAA__B.json", '{"b":2}');
  put(folder, "credentials/whatsapp/default/sender-key-memory-group@g.us.json", '{"c":3}');
  put(folder, "telegram/update-offset-default.json", { version: 1, lastUpdateId: 900 });
  put(folder, "agents/main/agent/auth-profiles.json", {
    version: 1,
    profiles: {
      "anthropic:default": { type: "api_key", provider: "anthropic", key: "sk-ant-secret" },
      "openai:me": { type: "oauth", provider: "openai", access: "x" },
    },
  });
  put(folder, "agents/main/agent/models.json", { providers: { anthropic: { apiKey: "sk-ant-secret" } } });
  put(folder, "exec-approvals.json", {
    version: 1,
    defaults: {},
    agents: { main: { allowlist: [{ id: "1", pattern: "/usr/bin/uname" }] } },
  });
  put(folder, "settings/voicewake.json", { triggers: ["molly"], updatedAtMs: 1 });
}

/** A folder of later 2026. The database was not closed: nearly all of it stands in the write-ahead log. */
export function todayFolder(folder: string): DatabaseSync[] {
  put(folder, "openclaw.json", {
    agents: {
      defaults: { workspace: join(folder, "workspace") },
      ownership: "explicit",
      entries: { main: { default: true }, work: {} },
    },
    bindings: [{ agentId: "work", match: { channel: "telegram", peer: { kind: "direct", id: "5000001" } } }],
    session: { resetByType: { direct: { mode: "idle", idleMinutes: 60 } } },
  });
  put(folder, "workspace/SOUL.md", "# Soul\n");
  put(folder, "media/inbound/cat.png", Buffer.from("89504e470d0a1a0a", "hex").toString("latin1"));
  mkdirSync(join(folder, "agents/main/agent"), { recursive: true });
  const agent = new DatabaseSync(join(folder, "agents/main/agent/openclaw-agent.sqlite"));
  agent.exec(`pragma journal_mode = wal; pragma wal_autocheckpoint = 0;
    create table session_nodes (session_key text, current_session_id text, entry_json text);
    create table session_windows (session_id text, session_key text, previous_session_id text, reason text);
    create table transcript_events (session_id text, seq integer, event_json text, event_zstd blob);`);
  agent
    .prepare("insert into session_nodes values (?, ?, ?)")
    .run("agent:main:telegram:direct:5000001", "u1", JSON.stringify({ updatedAt: 1_790_000_000_000 }));
  agent
    .prepare("insert into session_windows values (?, ?, ?, ?)")
    .run("u0", "agent:main:telegram:direct:5000001", null, "fork");
  const add = (session: string, seq: number, event: unknown, packed = false) =>
    agent
      .prepare("insert into transcript_events values (?, ?, ?, ?)")
      .run(
        session,
        seq,
        packed ? null : JSON.stringify(event),
        packed ? zstdCompressSync(Buffer.from(JSON.stringify(event))) : null,
      );
  const message = (
    ...[id, parentId, role, content, at, more = {}]: [string, string | null, string, unknown, number, object?]
  ) => ({
    ...{ type: "message", id, parentId, timestamp: new Date(at + 9_000).toISOString() },
    message: { role, content, timestamp: at, ...more },
  });
  add("u0", 1, message("z1", null, "user", "in an older window", 1_780_000_000_000));
  add("u1", 0, { type: "session", version: 4, id: "u1" });
  add("u1", 1, message("e1", null, "user", "before the reset", 1_789_000_000_000));
  add(
    "u1",
    2,
    message("e2", "e1", "assistant", [{ type: "text", text: "a long answer ".repeat(300) }], 1_789_000_001_000),
    true,
  );
  add("u1", 3, { type: "custom", customType: "model-snapshot", id: "e3", parentId: "e2" });
  add(
    "u1",
    4,
    message("e4", "e3", "user", "look at this", 1_789_500_000_000, {
      __openclaw: { media: [{ url: "media://inbound/cat.png" }] },
    }),
  );
  add("u1", 5, { type: "reset", id: "e5", parentId: "e4", reason: "idle", firstKeptEntryId: "e4" });
  add("u1", 6, message("e6", "e5", "assistant", [{ type: "text", text: "a cat" }], 1_789_500_001_000));
  mkdirSync(join(folder, "state"), { recursive: true });
  const state = new DatabaseSync(join(folder, "state/openclaw.sqlite"));
  state.exec(`pragma journal_mode = wal; pragma wal_autocheckpoint = 0;
    create table device_pairing_paired (device_id text, public_key text, display_name text, platform text, client_id text, client_mode text,
      roles_json text, scopes_json text, approved_scopes_json text, tokens_json text, created_at_ms integer, approved_at_ms integer);
    create table cron_jobs (store_key text, job_id text, job_json text, state_json text, declaration_key text);
    create table channel_pairing_allow_entries (channel_key text, account_id text, entry text);
    create table exec_approvals_config (raw_json text);`);
  state
    .prepare("insert into device_pairing_paired values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
    .run(
      ...["c".repeat(64), "M".repeat(43), "phone", "ios", "openclaw-ios", "node", '["node"]', "[]", "[]"],
      JSON.stringify({ node: { token: "node-token", scopes: [] } }),
      1_780_000_000_000,
      1_780_000_001_000,
    );
  const job = (id: string, more: object) =>
    JSON.stringify({
      id,
      name: id,
      enabled: true,
      schedule: { kind: "cron", expr: "0 8 * * *" },
      sessionTarget: "isolated",
      wakeMode: "now",
      payload: { kind: "agentTurn", message: "x", toolsAllow: ["*"] },
      state: {},
      ...more,
    });
  state
    .prepare("insert into cron_jobs values (?, ?, ?, ?, ?)")
    .run("/old/machine", "n1", job("n1", {}), JSON.stringify({ nextRunAtMs: 1 }), null);
  state
    .prepare("insert into cron_jobs values (?, ?, ?, ?, ?)")
    .run("/old/machine", "n2", job("n2", { name: "Memory Dreaming Promotion" }), "{}", "memory-core:main");
  state.prepare("insert into channel_pairing_allow_entries values (?, ?, ?)").run("telegram", "default", "tg:5000009");
  return [agent, state];
}
