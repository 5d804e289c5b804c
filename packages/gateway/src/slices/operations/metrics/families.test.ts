import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { Counter, gauge, Histogram } from "./families.ts";

test("a counter, a gauge and a histogram as Prometheus reads them", () => {
  const counter = new Counter({ name: "m_total", help: "Messages." });
  counter.add({ channel: "telegram", outcome: "replied" });
  counter.add({ channel: "telegram", outcome: "replied" }, 2);
  counter.add({ channel: 'a"b\\c\nd', outcome: "failed" });
  const histogram = new Histogram({ name: "m_seconds", help: "Time.", bounds: [0.1, 1] });
  for (const value of [0.05, 0.1, 0.5, 7]) histogram.observe({ method: "health" }, value);

  const text = counter.text() + histogram.text() + gauge({ name: "m_bytes", help: "Size." }, [[{}, 3]]);

  assert.equal(
    text,
    [
      "# HELP m_total Messages.",
      "# TYPE m_total counter",
      'm_total{channel="telegram",outcome="replied"} 3',
      'm_total{channel="a\\"b\\\\c\\nd",outcome="failed"} 1',
      "# HELP m_seconds Time.",
      "# TYPE m_seconds histogram",
      'm_seconds_bucket{method="health",le="0.1"} 2',
      'm_seconds_bucket{method="health",le="1"} 3',
      'm_seconds_bucket{method="health",le="+Inf"} 4',
      'm_seconds_sum{method="health"} 7.65',
      'm_seconds_count{method="health"} 4',
      "# HELP m_bytes Size.",
      "# TYPE m_bytes gauge",
      "m_bytes 3",
      "",
    ].join("\n"),
  );
});

test("a family without a figure is left out", () => {
  assert.equal(new Counter({ name: "m_total", help: "Messages." }).text(), "");
  assert.equal(gauge({ name: "m", help: "Nothing." }, []), "");
});

const promtool = process.env.MOLTBOT_PROMTOOL ?? "promtool";
const hasTool = spawnSync(promtool, ["--version"]).status === 0;

test("promtool finds nothing wrong with it", { skip: !hasTool }, () => {
  const histogram = new Histogram({ name: "moltbot_run_seconds", help: "Time.", bounds: [1] });
  histogram.observe({ source: "chat" }, 2);

  const { status, stdout, stderr } = spawnSync(promtool, ["check", "metrics"], {
    input: histogram.text(),
    encoding: "utf8",
  });

  assert.deepEqual([status, stdout, stderr], [0, "", ""]);
});
