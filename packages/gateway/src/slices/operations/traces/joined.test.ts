import assert from "node:assert/strict";
import { test } from "node:test";
import { JoinedTraces, parentIn } from "./joined.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const parent = { traceId: TRACE, parentSpanId: SPAN, flags: "01" };

const CASES: readonly (readonly [about: string, traceparent: unknown, found: object | undefined])[] = [
  ["the example of the specification", `00-${TRACE}-${SPAN}-01`, parent],
  ["a caller that keeps no spans", `00-${TRACE}-${SPAN}-00`, { ...parent, flags: "00" }],
  ["a later version with more fields", `cc-${TRACE}-${SPAN}-01-what-comes`, parent],
  ["version 00 with more fields", `00-${TRACE}-${SPAN}-01-more`, undefined],
  ["the version that is forbidden", `ff-${TRACE}-${SPAN}-01`, undefined],
  ["capital letters", `00-${TRACE.toUpperCase()}-${SPAN}-01`, undefined],
  ["a trace of zeros", `00-${"0".repeat(32)}-${SPAN}-01`, undefined],
  ["a span of zeros", `00-${TRACE}-${"0".repeat(16)}-01`, undefined],
  ["a header that came twice", `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`, undefined],
  ["a line end", `00-${TRACE}-${SPAN}-01\r\nx: y`, undefined],
  ["something else", "trace", undefined],
  ["no header", undefined, undefined],
  ["a list", [`00-${TRACE}-${SPAN}-01`], undefined],
];

for (const [about, traceparent, found] of CASES)
  test(`traceparent: ${about}`, () => {
    assert.deepEqual(parentIn(traceparent), found);
  });

test("a caller who keeps no spans is passed on so; a run without a caller has a trace of its own", () => {
  const traces = new JoinedTraces((runId) => `${runId}`.padEnd(32, "a"));
  traces.join("1", `00-${TRACE}-${SPAN}-02`);

  assert.match(String(traces.headersFor("1").traceparent), new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
  assert.match(String(traces.headersFor("2").traceparent), /^00-2a{31}-[0-9a-f]{16}-01$/);
});

test("the oldest callers are forgotten, so that their number is bounded", () => {
  const traces = new JoinedTraces(() => TRACE);

  for (let at = 0; at < 2_001; at++) traces.join(String(at), `00-${TRACE}-${SPAN}-01`);

  assert.deepEqual([traces.of("0"), traces.of("1"), traces.of("2000")], [undefined, parent, parent]);
});
