import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SETTINGS } from "../../../catalog.ts";
import type { Schema } from "../../../kit/schema/validate.ts";
import { settings as gatewaySettings } from "../../../server/settings.ts";
import { HIDDEN, shownToReaders } from "./readers.ts";

const schemas = new Map([gatewaySettings, ...SETTINGS].map(({ path, schema }) => [path, schema as Schema]));
const shownOf = (config: unknown) =>
  shownToReaders({ exists: true, parsed: config, config, valid: true }, schemas).config as Record<string, unknown>;

/** A text that occurs in every text and key that a person can choose. */
const CANARY = "cAnArY";
const text = fc.constantFrom(CANARY, `/home/ann/${CANARY}`, `https://u:${CANARY}@host/`, `${CANARY} ${CANARY}`);

/** Makes values that fit a schema, with the canary wherever a text may stand, and sometimes where none may. */
function anyOfSchema(schema: Schema | undefined, depth = 0): fc.Arbitrary<unknown> {
  if (!schema || depth > 7) return text;
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((each) => anyOfSchema(each, depth)), text);
  if ("const" in schema) return fc.oneof(fc.constant(schema.const), text);
  if (schema.type === "boolean") return fc.oneof(fc.boolean(), text);
  if (schema.type === "integer" || schema.type === "number") return fc.oneof(fc.nat(), text);
  if (schema.type === "array") return fc.array(anyOfSchema(schema.items, depth + 1), { maxLength: 2 });
  if (schema.type !== "object") return text;
  const known = Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([name, inner]) => [name, anyOfSchema(inner, depth + 1)]),
  );
  const [ofMap] = Object.values(schema.patternProperties ?? {});
  const others = fc.dictionary(text, anyOfSchema(ofMap, depth + 1), { maxKeys: 2 });
  return fc.tuple(fc.record(known, { requiredKeys: [] }), others).map(([one, other]) => ({ ...other, ...one }));
}

for (const [name, schema] of schemas) {
  test(`no text of a person's choice leaves the section ${name}`, () => {
    fc.assert(
      fc.property(anyOfSchema(schema), text, (value, other) => {
        const snapshot = {
          exists: true,
          parsed: { [name]: value, [other]: value },
          config: { [name]: value },
          valid: false,
        };

        assert.doesNotMatch(JSON.stringify(shownToReaders(snapshot, schemas)), new RegExp(CANARY, "i"));
      }),
      { numRuns: 40 },
    );
  });
}

test("switches, numbers, choices and what readers are told elsewhere are shown; all else is a marker", () => {
  const shown = shownOf({
    gateway: { port: 18_789, bind: "loopback", auth: { mode: "token", token: "t-1234567" } },
    session: { mainKey: "main", scope: "per-sender" },
    tools: { exec: { security: "allowlist", ask: "on-miss" }, allow: ["read"] },
    agents: {
      defaults: { model: { primary: "anthropic/claude-x", fallbacks: ["mine/small"] }, workspace: "/home/ann/clawd" },
      list: [
        { id: "work", model: "/etc/passwd", workspace: "~/work", tools: { exec: { ask: "always" }, deny: ["x"] } },
      ],
    },
    models: { providers: { "/home/ann": { apiKey: "key-1234567", baseUrl: "https://a:b@c" } }, detectLocal: false },
    channels: { telegram: { enabled: true, allowFrom: [4242, "77"], groups: { "-100": { requireMention: true } } } },
    unknown: { a: true },
  });

  assert.deepEqual(shown, {
    gateway: { port: 18_789, bind: "loopback", auth: { mode: "token", token: HIDDEN } },
    session: { mainKey: HIDDEN, scope: "per-sender" },
    tools: { exec: { security: "allowlist", ask: "on-miss" }, allow: [HIDDEN] },
    agents: {
      defaults: { model: { primary: "anthropic/claude-x", fallbacks: ["mine/small"] }, workspace: HIDDEN },
      list: [{ id: "work", model: HIDDEN, workspace: HIDDEN, tools: { deny: [HIDDEN] } }],
    },
    models: { providers: { __REDACTED_1__: { apiKey: HIDDEN, baseUrl: HIDDEN } }, detectLocal: false },
    channels: {
      telegram: { enabled: true, allowFrom: [HIDDEN, HIDDEN], groups: { __REDACTED_1__: { requireMention: true } } },
    },
  });
});

test("the hash is that of what is shown: the same whatever the secrets are", () => {
  const hashOf = (token: string) => {
    const config = { gateway: { auth: { token } } };
    return shownToReaders({ exists: true, parsed: config, config, valid: true }, schemas).hash;
  };

  assert.equal(hashOf("first-secret"), hashOf("second-secret"));
});
