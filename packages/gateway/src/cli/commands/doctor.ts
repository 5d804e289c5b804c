/** `moltbot doctor` — looks at everything a gateway needs, and says of each what is wrong and how to mend it. */

import { defineCommand } from "../command.ts";
import { diagnose, type Finding } from "../diagnosis.ts";
import { EXIT } from "../exit.ts";

/** One line for each check; exit code 1 when one of them fails. */
export const doctor = defineCommand({
  summary: "Find what is wrong and how to mend it",
  async run(call) {
    const { flags, out } = call;
    const findings = await out.during("Looking around", diagnose(call));
    const failed = findings.filter(({ level }) => level === "fail").length;
    const warned = findings.filter(({ level }) => level === "warn").length;
    if (flags.json) {
      out.json({ ok: failed === 0, findings });
      return failed === 0 ? EXIT.ok : EXIT.failed;
    }
    const { green, yellow, red, dim } = out.style;
    const marks: Record<Finding["level"], string> = { ok: green("ok  "), warn: yellow("warn"), fail: red("fail") };
    for (const { level, subject, says, fix } of findings) {
      out.print(`${marks[level]}  ${subject.padEnd(8)} ${says}`);
      if (fix) out.print(`      ${" ".repeat(8)} ${dim("→")} ${fix}`);
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
    return failed === 0 ? EXIT.ok : EXIT.failed;
  },
});

function count(number: number, noun: string): string {
  return noun === "more" || number === 1 ? `${number} ${noun}` : `${number} ${noun}s`;
}
