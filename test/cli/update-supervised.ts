// A gateway under a supervisor that starts it again, and perhaps keeps its port: for the tests of updates.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FakeSupervisor } from "../fakes/system/activation.ts";
import { FROM_SOURCE, PROGRAM } from "../support/program.ts";
import type { Home } from "./harness.ts";
import { UpdateStage } from "./update-stage.ts";

/** The note that a gateway leaves of itself. */
export interface Noted {
  readonly pid: number;
  readonly startedAt: number;
}

export function noted({ stateDir }: Home): Noted | undefined {
  try {
    return JSON.parse(readFileSync(join(stateDir, "gateway.json"), "utf8")) as Noted;
  } catch {
    return undefined;
  }
}

/** A stage whose gateway runs under a supervisor, with a socket of its own or without. */
export async function supervised({ hasSocket, ...more }: { hasSocket: boolean; watchSeconds?: number }) {
  const stack = new AsyncDisposableStack();
  let supervisor: FakeSupervisor | undefined;
  const stage = await UpdateStage.start({
    ...more,
    // A version that takes the socket is loaded into the process, once for each address: only sources can be.
    program: hasSocket ? FROM_SOURCE : PROGRAM.args,
    // It is read as the process reads its own sources.
    env: { NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ""} --conditions=moltbot-source` },
    async start(home, env) {
      supervisor = await FakeSupervisor.start(home.command(["gateway"]), {
        ...{ env: home.env(env), hasSocket },
        pid: () => noted(home)?.pid,
      });
      return supervisor.child;
    },
  });
  stack.defer(() => stage.home[Symbol.dispose]());
  stack.use(supervisor!);
  return { stage, port: supervisor!.port, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}
