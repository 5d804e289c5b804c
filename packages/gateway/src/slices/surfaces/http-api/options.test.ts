import assert from "node:assert/strict";
import { test } from "node:test";
import { Refusal } from "../../../kit/http.ts";
import { requireForms, requireOwnTools, thinkingOf } from "./options.ts";

/** What a refusal tells its caller; "nothing" when the work succeeds. */
function refusalFrom(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    if (error instanceof Refusal) return { status: error.status, body: error.body };
    throw error;
  }
  return "nothing";
}

const EFFORTS: readonly [effort: unknown, level: string | undefined][] = [
  [undefined, undefined],
  [null, undefined],
  ["none", "off"],
  ["off", "off"],
  ["minimal", "minimal"],
  ["low", "low"],
  ["medium", "medium"],
  ["high", "high"],
  ["xhigh", "xhigh"],
];
for (const [effort, level] of EFFORTS) {
  test(`the effort ${JSON.stringify(effort)} is the level ${level}`, () => {
    assert.equal(thinkingOf(effort), level);
  });
}

for (const effort of ["", "High", "maximal", "toString", 3, true, ["low"], {}]) {
  test(`the effort ${JSON.stringify(effort)} is refused with those that there are`, () => {
    assert.deepEqual(
      refusalFrom(() => thinkingOf(effort)),
      {
        status: 400,
        body: {
          error: {
            message: "The reasoning effort must be one of none, minimal, low, medium, high, xhigh.",
            type: "invalid_request_error",
            param: null,
            code: null,
          },
        },
      },
    );
  });
}

const TOOL = { type: "function", function: { name: "look" } };
const BODIES: readonly [about: string, body: Record<string, unknown>, param: string | undefined][] = [
  ["nothing of the kind", {}, undefined],
  ["an empty list of tools", { tools: [], functions: [] }, undefined],
  ["tools", { tools: [TOOL] }, "tools"],
  ["functions", { functions: [TOOL.function] }, "tools"],
  ["tools that may be called", { tools: [TOOL], tool_choice: "auto" }, "tools"],
  ["tools that must not be called", { tools: [TOOL], tool_choice: "none" }, undefined],
  ["text as its format", { response_format: { type: "text" } }, undefined],
  ["JSON as its format", { response_format: { type: "json_object" } }, "response_format"],
  ["text as the format of responses", { text: { format: { type: "text" } } }, undefined],
  ["JSON as the format of responses", { text: { format: { type: "json_schema" } } }, "response_format"],
  ["text without a format", { text: {} }, undefined],
];
for (const [about, body, param] of BODIES) {
  test(`a body with ${about} is ${param === undefined ? "taken" : `refused for its ${param}`}`, () => {
    const refusal = refusalFrom(() => requireOwnTools(body)) as { body?: { error: { param: string } } };

    assert.equal(refusal.body?.error.param, param);
  });
}

const FORMS: readonly [body: Record<string, unknown>, refusal: string | undefined][] = [
  [{ model: "moltbot", user: null, stream: true, temperature: "warm" }, undefined],
  [{ stream: "yes" }, "`stream` must be a boolean."],
  [{ model: 7 }, "`model` must be a string."],
  [{ user: { id: 1 } }, "`user` must be a string."],
  [{ previous_response_id: 7 }, "`previous_response_id` must be a string."],
];
for (const [body, message] of FORMS) {
  test(`${JSON.stringify(body)} is ${message === undefined ? "read" : `refused: ${message}`}`, () => {
    const refusal = refusalFrom(() => requireForms(body));

    const param = Object.keys(body)[0];
    const error = { message, type: "invalid_request_error", param, code: "invalid_type" };
    assert.deepEqual(refusal, message === undefined ? "nothing" : { status: 400, body: { error } });
  });
}
