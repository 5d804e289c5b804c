import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Delivered, readsPayload, render, visibleHeaders } from "./template.ts";

const DELIVERED: Delivered = {
  path: "issues",
  query: { team: "red" },
  headers: { "x-event": "opened" },
  payload: JSON.parse(
    '{"a":{"b":[{"c":"deep"}],"n":0,"no":false,"nil":null},"text":"{{a.n}}","__proto__":{"own":"kept"},"length":3}',
  ),
  at: Date.UTC(2026, 0, 2, 3, 4, 5),
};

describe("a template", () => {
  const cases: readonly [template: string, text: string][] = [
    ["plain", "plain"],
    ["{{payload.a.b[0].c}}", "deep"],
    ["{{a.b[0].c}}", "deep"],
    ["{{ a.n }}|{{a.no}}", "0|false"],
    ["[{{a.nil}}{{a.gone}}{{gone.b.c}}]", "[]"],
    ["{{a.b}}", '[{"c":"deep"}]'],
    ["{{headers.X-Event}} {{query.team}} {{path}}", "opened red issues"],
    ["{{now}}", "2026-01-02T03:04:05.000Z"],
    ["{{text}}", "{{a.n}}"],
    ["{{}} {{ a", "{{}} {{ a"],
    ["{{a.b.length}}{{text.length}}", "1"],
    ["{{constructor}}{{a.constructor.name}}{{toString}}{{headers.constructor}}", ""],
    ["{{a.__proto__.toString}}{{query.__proto__}}{{headers.__proto__}}", ""],
    ["{{__proto__.own}}", "kept"],
  ];
  for (const [template, text] of cases)
    test(`${template} gives ${JSON.stringify(text)}`, () => assert.equal(render(template, DELIVERED), text));

  test("is cut when it grows too long, and never in the middle of a character", () => {
    const delivered = { ...DELIVERED, payload: { big: `${"x".repeat(99_999)}💡` } };

    const text = render("{{big}}{{big}}{{big}}", delivered);

    assert.equal(text.length, 100_000);
    assert.ok(text.isWellFormed());
  });

  test("never throws, whatever stands in it", () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), (inner, payload) => {
        assert.equal(typeof render(`{{${inner}}}`, { ...DELIVERED, payload }), "string");
      }),
    );
  });
});

test("headers with credentials are seen by nobody", () => {
  const headers = {
    ...{ authorization: "Bearer x", cookie: "a=b", "x-moltbot-token": "x", "x-hub-signature-256": "x" },
    ...{ "x-github-event": "push", "set-cookie": ["a"] },
  };

  assert.deepEqual(visibleHeaders(headers), { "x-github-event": "push" });
});

test("what reads the payload is told from what stands around it", () => {
  assert.deepEqual(["payload.id", "data.id", "headers.x-id", "query.id", "header.x"].map(readsPayload), [
    true,
    true,
    false,
    false,
    true,
  ]);
});
