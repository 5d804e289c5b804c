/** Decisions about programs of nodes: each covers one program of the caller who asked, once, for two minutes. */
import type { Clock } from "../../../base/time/clock.ts";
import type { NodeProgram, ProgramDecisions } from "../../core/nodes/nodes.ts";
import type { Outcome, Waiting } from "./pending.ts";

interface Grant {
  readonly waiting: Waiting;
  readonly decision: "allow-once" | "allow-always";
  /** On the clock that never jumps. */
  readonly decidedAt: number;
}

/** Source: clients wait two minutes for a decision, and call the node right after it. */
const VALID_MS = 120_000;
const MAX_GRANTS = 64;
const PLAIN = /^[\w./:=@%+,-]+$/;

export class NodeGrants implements ProgramDecisions {
  readonly #clock: Clock;
  #grants: readonly Grant[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes a decision about a request for a node. */
  ended(waiting: Waiting, outcome: Outcome): void {
    if (outcome.kind !== "decided" || outcome.decision === "deny") return;
    if (waiting.askedBy === undefined || waiting.request.host !== "node") return;
    const grant = { waiting, decision: outcome.decision, decidedAt: this.#clock.monotonic() };
    this.#grants = [...this.#live(), grant].slice(-MAX_GRANTS);
  }

  spend(program: NodeProgram): Grant["decision"] | undefined {
    const live = this.#live();
    const grant = live.find((each) => covers(each.waiting, program));
    this.#grants = live.filter((each) => each !== grant);
    return grant?.decision;
  }

  #live(): readonly Grant[] {
    const now = this.#clock.monotonic();
    return this.#grants.filter(({ decidedAt }) => now - decidedAt < VALID_MS);
  }
}

/** Whether what was shown and allowed is exactly this program. What a request did not show, it does not cover. */
function covers({ request, askedBy }: Waiting, { nodeId, params, caller }: NodeProgram): boolean {
  const { command, cwd, agentId, env, rawCommand, sessionKey } = params;
  if (askedBy !== caller.principal || !Array.isArray(command)) return false;
  // Clients of January 2026 do not name the node.
  if (request.nodeId !== undefined && request.nodeId !== nodeId) return false;
  const argv = command.filter((word) => typeof word === "string");
  if (argv.length !== command.length || !textsOf(argv, rawCommand).includes(request.command)) return false;
  if ((cwd ?? null) !== request.cwd || (agentId ?? null) !== request.agentId) return false;
  if (request.sessionKey !== null && sessionKey !== undefined && sessionKey !== request.sessionKey) return false;
  return JSON.stringify(sorted(env)) === JSON.stringify(sorted(request.env));
}

/** The ways in which clients write a program and its arguments as one text. */
function textsOf(argv: readonly string[], raw: unknown): string[] {
  const script = scriptOf(argv);
  const single = argv.map((word) => (PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
  const double = argv.map((word) => (PLAIN.test(word) ? word : JSON.stringify(word))).join(" ");
  return [single, double, ...(script === undefined ? [] : [script])].filter(
    (text) => raw === undefined || raw === null || raw === text || raw === script,
  );
}

/** The script of `/bin/sh -lc SCRIPT` or `cmd.exe /d /s /c SCRIPT`, which clients show alone. */
function scriptOf(argv: readonly string[]): string | undefined {
  const [program, ...args] = argv;
  if (program === "/bin/sh" && args.length === 2 && args[0] === "-lc") return args[1];
  const isCmd = program?.toLowerCase() === "cmd.exe" && args.slice(0, 3).join(" ").toLowerCase() === "/d /s /c";
  return isCmd && args.length === 4 ? args[3] : undefined;
}

function sorted(env: unknown): [string, unknown][] {
  return Object.entries((env ?? {}) as Readonly<Record<string, unknown>>).toSorted(([a], [b]) => (a < b ? -1 : 1));
}
