/**
 * A fake `signal-cli` to be run with node. Takes `--config FOLDER`, `daemon` and `--http HOST:PORT`, ignores the other
 * flags, and serves the fake of Signal. What happens on it is told through files in the folder: `account` exists once
 * the account is linked; each line of `says` is said by alice, each link in `scan` is scanned; what the account sends is
 * appended to `delivered`.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fakeSignal } from "./index.ts";

function flag(name: string): string | undefined {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

const folder = flag("--config") ?? ".";
const port = Number(flag("--http")?.split(":").at(-1));
mkdirSync(folder, { recursive: true });
const account = join(folder, "account");
const fake = await fakeSignal({ isLinked: existsSync(account), port });

/** The lines of a file that were added since the last time. */
function newLines(name: string): () => string[] {
  let read = 0;
  return () => {
    const path = join(folder, name);
    const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
    const added = lines.slice(read);
    read = lines.length;
    return added;
  };
}

const [said, scanned] = [newLines("says"), newLines("scan")];
let shown = 0;
async function look(): Promise<void> {
  for (const link of scanned()) {
    await fake.scan(link);
    writeFileSync(account, fake.self.number);
  }
  for (const text of said()) await fake.says(text);
}
watch(folder, () => void look());
fake.onChange(() => {
  for (const { text } of fake.delivered.slice(shown)) appendFileSync(join(folder, "delivered"), `${text}\n`);
  shown = fake.delivered.length;
});
process.on("SIGTERM", () => process.exit(143));
