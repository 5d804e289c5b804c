import assert from "node:assert/strict";
import { test } from "node:test";
import { normalAgentId } from "../agents/agents.ts";
import { agentIdOf, canonicalKey, isSubagentKey, kindOf } from "./key.ts";

const usual = { scope: "per-sender", mainKey: "main", defaultAgentId: "main" } as const;
const renamed = { scope: "per-sender", mainKey: "home", defaultAgentId: "ops" } as const;
const global = { scope: "global", mainKey: "main", defaultAgentId: "main" } as const;

const CASES = [
  { spelled: "main", defaults: usual, canonical: "agent:main:main" },
  { spelled: " Main ", defaults: usual, canonical: "agent:main:main" },
  { spelled: "agent:main:main", defaults: usual, canonical: "agent:main:main" },
  { spelled: "AGENT:Main:MAIN", defaults: usual, canonical: "agent:main:main" },
  { spelled: "global", defaults: usual, canonical: "global" },
  { spelled: "unknown", defaults: usual, canonical: "unknown" },
  { spelled: "chat-1", defaults: usual, canonical: "agent:main:chat-1" },
  { spelled: "cron:job-1", defaults: usual, canonical: "agent:main:cron:job-1" },
  {
    spelled: "agent:Work Bot:whatsapp:group:123@g.us",
    defaults: usual,
    canonical: "agent:work-bot:whatsapp:group:123@g.us",
  },
  { spelled: "main", defaults: renamed, canonical: "agent:ops:home" },
  { spelled: "home", defaults: renamed, canonical: "agent:ops:home" },
  { spelled: "agent:x:main", defaults: renamed, canonical: "agent:x:home" },
  { spelled: "chat-1", defaults: renamed, canonical: "agent:ops:chat-1" },
  { spelled: "main", defaults: global, canonical: "global" },
  { spelled: "agent:main:main", defaults: global, canonical: "global" },
  { spelled: "chat-1", defaults: global, canonical: "agent:main:chat-1" },
];

for (const { spelled, defaults, canonical } of CASES) {
  test(`${JSON.stringify(spelled)} is ${canonical} (main key ${defaults.mainKey}, scope ${defaults.scope})`, () => {
    assert.equal(canonicalKey(spelled, defaults), canonical);
    assert.equal(canonicalKey(canonical, defaults), canonical);
  });
}

const REFUSED = [
  { spelled: "  ", message: "session key must not be blank" },
  { spelled: "x".repeat(513), message: "session key must not be longer than 512 characters" },
  { spelled: "a\u0000b", message: "session key must not contain control characters" },
  { spelled: "a\nb", message: "session key must not contain control characters" },
  { spelled: "a\u2028b", message: "session key must not contain control characters" },
  { spelled: "agent:", message: "session key must read agent:<agent>:<name>" },
  { spelled: "agent:main", message: "session key must read agent:<agent>:<name>" },
  { spelled: "agent::x", message: "session key must read agent:<agent>:<name>" },
];

for (const { spelled, message } of REFUSED) {
  test(`${JSON.stringify(spelled.slice(0, 20))} is refused: ${message}`, () => {
    assert.throws(() => canonicalKey(spelled, usual), { code: "INVALID_REQUEST", message });
  });
}

test("agent ids are lower case words", () => {
  const ids = ["Main", "  Work Bot ", "über", "--x--", "", "a".repeat(80)].map(normalAgentId);

  assert.deepEqual(ids, ["main", "work-bot", "ber", "x", "main", "a".repeat(64)]);
});

test("a key tells its agent and its kind", () => {
  assert.equal(agentIdOf("agent:ops:main"), "ops");
  assert.equal(agentIdOf("global"), undefined);
  assert.equal(kindOf("agent:main:slack:channel:c1"), "group");
  assert.equal(kindOf("agent:main:telegram:dm:7"), "direct");
  assert.equal(isSubagentKey("agent:main:subagent:1"), true);
  assert.equal(isSubagentKey("agent:main:main"), false);
});
