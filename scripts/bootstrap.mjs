// The entry point of every repository command: `node scripts/bootstrap.mjs NAME [args…]`.
// Plain JavaScript that needs nothing but Node 20 and npm: it installs what the lockfile names, finds the pinned
// Node 24 among that, and hands over to scripts/tasks.mjs. What each command does is written there.

import { ensureDependencies } from "./install.mjs";
import { explain } from "./process.mjs";
import { tasks } from "./tasks.mjs";

const [name, ...args] = process.argv.slice(2);

try {
  const task = Object.hasOwn(tasks, name ?? "") ? tasks[name] : undefined;
  if (!task) throw explain(`Say which command to run: ${Object.keys(tasks).join(", ")}.`, 2);
  await ensureDependencies();
  process.exitCode = await task(args);
} catch (error) {
  if (typeof error?.exitCode !== "number") throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}
