/** The command line as tests start it: the built one, as people run it. From source each start costs three times the CPU. */
import { fileURLToPath } from "node:url";

const inGateway = (path: string) => fileURLToPath(new URL(`../../packages/gateway/${path}`, import.meta.url));

/** What follows `node` to start the published program. */
export const BUILT: readonly string[] = [inGateway("bin/moltbot.mjs")];

/** What follows `node` to start the program from its sources. */
export const FROM_SOURCE: readonly string[] = ["--conditions=moltbot-source", inGateway("src/cli/main.ts")];

/** The names of an environment without the one that Node adds to each process which a process with coverage starts. */
export const withoutCoverage = (names: readonly string[]) =>
  names.filter((name) => !name.startsWith("NODE_V8_COVERAGE"));

/** What tests start unless they are about the package. Coverage is counted in the sources. */
export const PROGRAM = {
  file: process.execPath,
  args: process.env.NODE_V8_COVERAGE === undefined ? BUILT : FROM_SOURCE,
};
