import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, test } from "node:test";
import { HostLockError, takeHostLock } from "./host-lock.ts";

const MODULE = JSON.stringify(new URL("./host-lock.ts", import.meta.url).href);

/** A process that takes the lock and keeps it. */
async function holder(name: string) {
  const script = `
    const { takeHostLock } = await import(${MODULE});
    // Keep a reference: a collected lock is released.
    globalThis.lock = takeHostLock(${JSON.stringify(name)});
    process.stdout.write("taken");
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return child;
}

describe("a host-wide lock", () => {
  test("is refused to a second process, with the pid of the first", async () => {
    const name = `test-${process.pid}-refused`;
    const first = await holder(name);

    assert.throws(
      () => takeHostLock(name),
      (error: unknown) => error instanceof HostLockError && error.pid === first.pid,
    );

    first.kill("SIGKILL");
    await once(first, "exit");
  });

  test("ends with the process that was killed", async () => {
    const name = `test-${process.pid}-killed`;
    const first = await holder(name);

    first.kill("SIGKILL");
    await once(first, "exit");

    using _lock = takeHostLock(name);
  });

  test("is refused to the same process, too, until it is given back", () => {
    const name = `test-${process.pid}-twice`;
    const first = takeHostLock(name);

    assert.throws(
      () => takeHostLock(name),
      (error: unknown) => error instanceof HostLockError && error.pid === process.pid,
    );
    first[Symbol.dispose]();

    using _lock = takeHostLock(name);
  });

  test("of another name is another lock", () => {
    using _first = takeHostLock(`test-${process.pid}-one`);

    using _second = takeHostLock(`test-${process.pid}-other`);
  });
});
