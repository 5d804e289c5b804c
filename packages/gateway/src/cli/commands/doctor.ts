/** `moltbot doctor` — looks at everything a gateway needs, and says of each what is wrong and how to fix it. */

import type { RepairCall } from "../database/repair.ts";
import { diagnose } from "../doctor/diagnosis.ts";
import type { Finding } from "../doctor/finding.ts";
import { defineCommand } from "../language/command.ts";
import { EXIT, type ExitCode, usageError } from "../language/exit.ts";
import { beside } from "../terminal/wrap.ts";

/** "fail", and what is looked at, in columns. */
const LABEL_COLUMNS = 14;

/** One line for each check, or one of the ways to repair a damaged database. */
export const doctor = defineCommand({
  summary: "Find what is wrong and how to mend it",
  flags: {
    salvage: { kind: "switch", summary: "Get back what can be read of a damaged database" },
    fill: { kind: "switch", summary: "With --salvage: fill gaps from the newest copy" },
    restore: { kind: "switch", summary: "Put the newest sound copy in the database's place" },
    "start-empty": { kind: "switch", summary: "Begin with an empty database; the old files are kept" },
    fix: { kind: "switch", summary: "Mend what can be mended; each change can be taken back" },
    "dry-run": { kind: "switch", summary: "With --fix: say what would be changed, and change nothing" },
    only: { kind: "list", value: "NAME", summary: "With --fix: only this, as --dry-run names it" },
    undo: { kind: "switch", summary: "Take back what the last --fix has changed" },
    yes: { kind: "switch", short: "y", summary: "Do not ask" },
  },
  examples: [
    "moltbot doctor",
    "moltbot doctor --fix --dry-run",
    "moltbot doctor --undo",
    "moltbot doctor --salvage",
    "moltbot doctor --restore --yes",
  ],
  async run(call) {
    const { flags, out } = call;
    const chosen = (["salvage", "restore", "start-empty", "fix", "undo"] as const).filter((name) => flags[name]);
    const [how] = chosen;
    if (chosen.length > 1) throw usageError("Choose one of --fix, --undo, --salvage, --restore and --start-empty.");
    if (how !== "fix" && (flags["dry-run"] || flags.only.length > 0))
      throw usageError("--dry-run and --only go with --fix.");
    if (how === "fix" || how === "undo") return await (await import("../doctor/fix.ts"))[how](call);
    if (how !== undefined) return await mend(how, call);
    const findings = await out.during("Looking around", diagnose(call));
    const code = exitCodeOf(findings);
    const failed = findings.filter(({ level }) => level === "fail").length;
    const warned = findings.filter(({ level }) => level === "warn").length;
    if (flags.json) {
      out.json({ ok: failed === 0, findings });
      return code;
    }
    const { green, yellow, red, dim } = out.style;
    const marks: Record<Finding["level"], string> = { ok: green("ok  "), warn: yellow("warn"), fail: red("fail") };
    for (const { level, subject, says, fix } of findings) {
      out.print(beside(`${marks[level]}  ${subject}`, says, { labelWidth: LABEL_COLUMNS, width: out.textWidth }));
      if (fix) out.print(beside("", `${dim("→")} ${fix}`, { labelWidth: LABEL_COLUMNS, width: out.textWidth }));
    }
    out.print("");
    if (failed > 0)
      out.print(
        red(`${count(failed, "thing")} must be mended${warned > 0 ? `; ${count(warned, "more")} to look at` : ""}.`),
      );
    else
      out.print(
        warned > 0 ? yellow(`Nothing is broken; ${count(warned, "thing")} to look at.`) : green("All is well."),
      );
    return code;
  },
});

/** What is broken counts first, then whether the gateway runs; what is only worth a look does not. */
function exitCodeOf(findings: readonly Finding[]): ExitCode {
  if (findings.some(({ level }) => level === "fail")) return EXIT.failed;
  return findings.some(({ isDown }) => isDown) ? EXIT.unreachable : EXIT.ok;
}

async function mend(how: "salvage" | "restore" | "start-empty", call: RepairCall): Promise<ExitCode> {
  const { restoreDatabase, salvageDatabase, startEmpty } = await import("../database/repair.ts");
  if (how === "salvage") return await salvageDatabase(call);
  return how === "restore" ? await restoreDatabase(call) : await startEmpty(call);
}

function count(number: number, noun: string): string {
  return noun === "more" || number === 1 ? `${number} ${noun}` : `${number} ${noun}s`;
}
