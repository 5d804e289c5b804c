import assert from "node:assert/strict";
import type { IncomingHttpHeaders } from "node:http";
import { test } from "node:test";
import type { Config } from "../../../base/config/config-file.ts";
import { GatewayError } from "../../../base/errors.ts";
import { sha256Hex } from "../../../base/ids.ts";
import { Refusal } from "../../../kit/http.ts";
import { Agents } from "../../core/agents/agents.ts";
import { agents as section } from "../../core/agents/settings.ts";
import { canonicalKey } from "../../core/sessions/key.ts";
import type { Sessions } from "../../core/sessions/sessions.ts";
import { branded, modelNames, namedAgent, sessionKeyOf } from "./target.ts";

const { value: current } = section.parse({ list: [{ id: "main" }, { id: "Ops" }] });
const agents = new Agents({ config: { of: () => ({ current }) } as unknown as Config });

/** Sessions that know the conversations of these keys and no others. */
function sessionsWith(...keys: string[]): Sessions {
  const defaults = { scope: "per-sender", mainKey: "main", defaultAgentId: "main" } as const;
  return {
    canonical: (spelled: string) => canonicalKey(spelled, defaults),
    get: (key: string) => (keys.includes(key) ? { key } : undefined),
  } as unknown as Sessions;
}

const HEADERS: readonly [headers: IncomingHttpHeaders, names: string[], value: string | undefined][] = [
  [{ "x-moltbot-agent": "ops" }, ["agent"], "ops"],
  [{ "x-clawdbot-agent": "ops" }, ["agent"], "ops"],
  [{ "x-openclaw-agent": " ops " }, ["agent"], "ops"],
  [{ "x-other-agent": "ops", "x-agent": "ops" }, ["agent"], undefined],
  [{ "x-moltbot-agent": " ", "x-openclaw-agent": "ops" }, ["agent"], "ops"],
  [{ "x-moltbot-agent": "b", "x-openclaw-agent-id": "a" }, ["agent-id", "agent"], "a"],
  [{}, ["agent"], undefined],
];
for (const [headers, names, value] of HEADERS) {
  test(`of ${JSON.stringify(headers)}, ${names.join(" or ")} is ${value}`, () => {
    assert.equal(branded(headers, ...names), value);
  });
}

test("agents are listed as models, the default one first", () => {
  assert.deepEqual(modelNames(agents), ["moltbot:main", "moltbot:ops"]);
});

const AGENTS: readonly [model: string, headers: IncomingHttpHeaders, agentId: string | undefined][] = [
  ["moltbot", {}, undefined],
  ["gpt-4o", {}, undefined],
  ["moltbot:ops", {}, "ops"],
  ["clawdbot:ops", {}, "ops"],
  ["openclaw/ops", {}, "ops"],
  [" Agent:OPS ", {}, "ops"],
  ["my-agent:ops", {}, undefined],
  ["moltbot:ops", { "x-moltbot-agent-id": "main" }, "main"],
  ["gpt-4o", { "x-moltbot-agent": "ops" }, "ops"],
];
for (const [model, headers, agentId] of AGENTS) {
  test(`the model ${JSON.stringify(model)} with ${JSON.stringify(headers)} means ${agentId ?? "no agent"}`, () => {
    assert.equal(namedAgent(headers, model, agents), agentId);
  });
}

test("an agent that there is not is refused with those that there are, and no more of its name than fits", () => {
  assert.throws(
    () => namedAgent({}, `moltbot:${"x".repeat(100)}`, agents),
    (error) => {
      assert.ok(error instanceof Refusal);
      assert.equal(error.status, 404);
      assert.deepEqual(error.body, {
        error: {
          message: `There is no agent "${"x".repeat(64)}"; there are main, ops.`,
          type: "invalid_request_error",
          param: "model",
          code: "model_not_found",
        },
      });
      return true;
    },
  );
});

const FOR_ADA = { agentId: "ops", kind: "openai", user: "Ada" } as const;
const HASHED = `agent:ops:openai-user:${sha256Hex("ada").slice(0, 32)}`;
const PLAIN = "agent:ops:openai-user:ada";

const KEYS: readonly [about: string, user: unknown, known: string[], key: string | RegExp][] = [
  ["a user has one, which does not say who they are", "Ada", [], HASHED],
  ["capitals and blanks do not make another user", " aDA ", [], HASHED],
  ["an old conversation under the plain name goes on", "Ada", [PLAIN], PLAIN],
  ["a newer one stands above it", "Ada", [PLAIN, HASHED], HASHED],
];
for (const [about, user, known, key] of KEYS) {
  test(`the conversation: ${about}`, () => {
    assert.equal(sessionKeyOf({}, { ...FOR_ADA, user }, sessionsWith(...known)), key);
  });
}

test("the conversation: a user of any length has one", () => {
  const user = "a".repeat(2_000);

  assert.equal(
    sessionKeyOf({}, { ...FOR_ADA, user }, sessionsWith()),
    `agent:ops:openai-user:${sha256Hex(user).slice(0, 32)}`,
  );
});

for (const user of [undefined, null, "", "  ", 7]) {
  test(`the conversation is a new one each time for the user ${JSON.stringify(user)}`, () => {
    const keys = [1, 2].map(() => sessionKeyOf({}, { agentId: "ops", kind: "openresponses", user }, sessionsWith()));

    for (const key of keys) assert.match(key, /^agent:ops:openresponses:[0-9a-f-]{36}$/);
    assert.notEqual(keys[0], keys[1]);
  });
}

test("the conversation that a header names stands above the user, in its canonical form", () => {
  const headers = { "x-moltbot-session-key": "Agent:Main:Work" };

  assert.equal(sessionKeyOf(headers, FOR_ADA, sessionsWith()), "agent:main:work");
});

test("a header with a bad key is refused", () => {
  const headers = { "x-moltbot-session-key": "agent:main" };

  assert.throws(() => sessionKeyOf(headers, FOR_ADA, sessionsWith()), GatewayError);
});
