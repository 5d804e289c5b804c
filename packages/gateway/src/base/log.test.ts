import assert from "node:assert/strict";
import { fstatSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { FAKE_EPOCH, FakeClock } from "../../../../test/fakes/clock.ts";
import { createLog, isJournal, journalSink, jsonLine, type Level, type Line, LogFile, ttySink } from "./log.ts";
import { Secrets } from "./privacy/secrets.ts";

/** A log whose lines are kept. */
function recorded(level: Level = "debug", secrets = new Secrets()) {
  const lines: Line[] = [];
  return { lines, log: createLog({ clock: new FakeClock(), level, sinks: [(line) => lines.push(line)], secrets }) };
}

/** What a field becomes in the log. */
function logged(name: string, value: unknown, secrets = new Secrets()): unknown {
  const { log, lines } = recorded("debug", secrets);
  log.info("seen", { [name]: value });
  return lines[0]?.fields[name];
}

describe("a log", () => {
  test("writes the sentence, its fields and those of its parents", () => {
    const { log, lines } = recorded();

    log.child({ channel: "telegram" }).child({ account: "a" }).warn("the link is down", { tries: 2 });

    assert.deepEqual(lines, [
      {
        at: FAKE_EPOCH,
        level: "warn",
        sentence: "the link is down",
        fields: { channel: "telegram", account: "a", tries: 2 },
      },
    ]);
  });

  test("drops lines below its level, and fields that are undefined", () => {
    const { log, lines } = recorded("warn");

    log.debug("no");
    log.info("no");
    log.warn("yes", { why: undefined });
    log.error("yes");

    assert.deepEqual(
      lines.map(({ level, fields }) => [level, fields]),
      [
        ["warn", {}],
        ["error", {}],
      ],
    );
  });

  test("shows an error with its stack", () => {
    assert.match(String(logged("error", new TypeError("no such thing"))), /^TypeError: no such thing\\u000a +at /);
  });

  test("bounds what a field can hold", () => {
    assert.equal(String(logged("text", "x".repeat(100_000))).length, 4_000);
    assert.deepEqual((logged("list", new Array(100).fill(1)) as unknown[]).length, 50);
    assert.deepEqual(logged("deep", [[[[["too deep"]]]]]), [[[["[deep]"]]]]);
  });
});

describe("secrets", () => {
  const names = [
    "token",
    "gatewayToken",
    "password",
    "apiKey",
    "api_key",
    "Authorization",
    "cookie",
    "clientSecret",
    "passphrase",
    "dsn",
  ];

  for (const name of names) {
    test(`are not printed under the name ${name}`, () => {
      assert.equal(logged(name, "anything"), "[redacted]");
      assert.equal(logged(name, 471_108), "[redacted]");
      assert.deepEqual(logged("outer", { inner: [{ [name]: "anything" }] }), { inner: [{ [name]: "[redacted]" }] });
    });
  }

  const shapes = [
    `sk-${"a1".repeat(12)}`,
    "xoxb-1234567890-abc",
    "AIzaSyA1234567890abcdefghijklmnopqrstuv",
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "123456789:AAabcdefghijklmnopqrstuvwxyz0123456",
    "Bearer abc.def-ghi",
    "-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----",
  ];

  for (const shape of shapes) {
    test(`are known by their shape: ${shape.slice(0, 12)}…`, () => {
      assert.equal(logged("text", `before ${shape} after`), "before [redacted] after");
    });
  }

  test("are known by their value, in sentences, fields, keys and errors", () => {
    const secrets = new Secrets();
    secrets.add("open sesame");
    const { log, lines } = recorded("debug", secrets);

    log.info("said open sesame", { text: "open sesame!", map: { "open sesame": 1 }, error: new Error("open sesame") });

    assert.equal(lines[0]?.sentence, "said [redacted]");
    assert.doesNotMatch(JSON.stringify(lines), /open sesame/);
  });

  test("are not cut before they are looked for", () => {
    const secrets = new Secrets();
    secrets.add("open sesame");

    const text = String(logged("text", `${"x".repeat(3_995)}open sesame`, secrets));

    assert.doesNotMatch(text, /open/);
  });

  test("shorter than six characters are none", () => {
    const secrets = new Secrets();
    secrets.add("abc");

    assert.equal(secrets.redact("abc abcdef"), "abc abcdef");
  });
});

test("text from outside cannot move the cursor, colour the terminal or start a line", () => {
  const { log, lines } = recorded();
  const hostile = "a\u001b[31m\r\n\u009b2J\u2028\u0000z";

  log.info(hostile, { text: hostile, nested: { [hostile]: hostile } });

  const written: string[] = [];
  ttySink((text) => written.push(text), false)(lines[0]!);
  assert.doesNotMatch(written.join("").trimEnd(), /[\p{Cc}\u2028]/u);
  assert.doesNotMatch(jsonLine(lines[0]!).trimEnd(), /[\p{Cc}\u2028]/u);
});

describe("lines", () => {
  const line: Line = { at: FAKE_EPOCH, level: "info", sentence: "ready", fields: { port: 1, tags: ["a"], name: "x" } };

  test("for machines are one JSON object each", () => {
    assert.equal(
      jsonLine(line),
      '{"time":"2025-01-19T05:20:00.000Z","level":"info","msg":"ready","port":1,"tags":["a"],"name":"x"}\n',
    );
  });

  test("for people are plain, or coloured on a terminal", () => {
    const written: string[] = [];

    ttySink((text) => written.push(text), false)(line);
    ttySink((text) => written.push(text), true)(line);

    assert.match(written[0] ?? "", /^\d\d:\d\d:\d\d info {2}ready port=1 tags=\["a"\] name=x\n$/);
    assert.ok(written[1]?.includes("\u001b[32minfo \u001b[0m ready"));
  });
});

describe("the log file", () => {
  const folder = mkdtempSync(join(tmpdir(), "moltbot-log-"));
  after(() => rmSync(folder, { recursive: true }));
  const line = (sentence: string): Line => ({ at: FAKE_EPOCH, level: "info", sentence, fields: {} });

  test("is private, goes on where it was, and turns over when it is full", () => {
    const path = join(folder, "logs");
    const size = jsonLine(line("1")).length;
    {
      using first = new LogFile(path, { maxBytes: size * 2 });
      first.sink(line("1"));
    }

    using file = new LogFile(path, { maxBytes: size * 2 });
    for (const sentence of ["2", "3", "4"]) file.sink(line(sentence));

    const sentences = (name: string) => [...readFileSync(name, "utf8").matchAll(/"msg":"(\d)"/g)].map(([, n]) => n);
    assert.deepEqual(sentences(`${file.path}.1`), ["1", "2", "3"]);
    assert.deepEqual(sentences(file.path), ["4"]);
    assert.equal((statSync(file.path).mode & 0o777).toString(8), "600");
  });

  test("that was closed takes no more lines and does not throw", () => {
    const file = new LogFile(join(folder, "closed"));

    file[Symbol.dispose]();
    file.sink(line("late"));

    assert.equal(readFileSync(file.path, "utf8"), "");
  });
});

test("the journal gets the priority of each line, and keeps the time itself", () => {
  const written: string[] = [];
  const { log, lines } = recorded();
  log.debug("a frame", { id: 1 });
  log.info("gateway listens", { url: "ws://127.0.0.1" });
  log.warn("the link is down");
  log.error("a bug\nof ours");

  for (const line of lines) journalSink((text) => written.push(text))(line);

  assert.deepEqual(written, [
    "<7>a frame id=1\n",
    "<6>gateway listens url=ws://127.0.0.1\n",
    "<4>the link is down\n",
    "<3>a bug\\u000aof ours\n",
  ]);
});

test("a stream is the journal's when systemd names its device and inode", () => {
  const { dev, ino } = fstatSync(0);

  assert.deepEqual(
    [isJournal(`${dev}:${ino}`, 0), isJournal(`${dev}:1${ino}`, 0), isJournal(undefined, 0), isJournal("", 0)],
    [true, false, false, false],
  );
});
