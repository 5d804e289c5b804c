// Finds a Chromium for the browser tests and starts it: CHROMIUM_PATH, then the one that npm installed together with the
// libraries it needs, else the system's, so that no test is ever skipped and nothing needs root.

import { accessSync, constants, existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Browser, chromium } from "playwright-core";
import { HostLockError, takeHostLock } from "../../packages/gateway/src/base/process/host-lock.ts";

/** A browser to start, and what its process needs to find. */
interface Executable {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
}

type Finder = () => Executable | undefined | Promise<Executable | undefined>;

/** Where distributions put it, in the order of preference. */
const SYSTEM_NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const MAC_CHROME = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

/**
 * Quiet and alone: no sandbox (tests run as root in containers), no graphics card, nothing fetched in the background, and
 * a microphone that beeps.
 */
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--use-fake-device-for-media-stream",
];

/** A machine without a language gives pages an invalid one: “en-US@posix”. */
const LANGUAGE = { LANG: "en_US.UTF-8", LC_ALL: "en_US.UTF-8", LANGUAGE: "en_US" };

/** So many browsers run at a time on this machine: each keeps a core busy while a page draws, and waits in between. */
const MOST_BROWSERS = Math.max(3, availableParallelism());
const BROWSERS = Array.from({ length: MOST_BROWSERS }, (_, place) => `test-browser-${place}`);
/** How often a process looks whether another's browser has ended, ms. */
const LOOK_EVERY_MS = 250;

/** A browser that files of this process share, and how many of them have not closed it. */
interface Shared {
  readonly browser: Promise<Browser>;
  users: number;
}

/** The browsers of this process by their further arguments. */
const shared = new Map<string, Shared>();

/**
 * A browser; the caller closes it. Files that run in one process share it when they give the same arguments, `more`: each test
 * has a context of its own. Rejects with what to do when there is none that works.
 */
export async function startBrowser(more: readonly string[] = []): Promise<Browser> {
  const key = more.join(" ");
  const open = shared.get(key) ?? { browser: launchShared(key, more), users: 0 };
  shared.set(key, open);
  open.users++;
  return await open.browser;
}

async function launchShared(key: string, more: readonly string[]): Promise<Browser> {
  const browser = await launch(more);
  const close = browser.close.bind(browser);
  browser.close = async () => {
    const open = shared.get(key);
    if (open && --open.users > 0) return;
    shared.delete(key);
    await close();
  };
  return browser;
}

/** Starts a browser when fewer than `MOST_BROWSERS` run. */
async function launch(more: readonly string[]): Promise<Browser> {
  const turn = await turnAt(BROWSERS);
  try {
    const browser = await firstOf([chosen, bundled, system], [...ARGS, ...more]);
    browser.once("disconnected", () => turn[Symbol.dispose]());
    return browser;
  } catch (error) {
    turn[Symbol.dispose]();
    throw error;
  }
}

/**
 * The first that is there and starts. The one of npm, which has no windows, comes before the system's: a new page costs it
 * a third of the CPU.
 */
async function firstOf(finders: readonly Finder[], args: string[]): Promise<Browser> {
  const causes: unknown[] = [];
  for (const find of finders) {
    const found = await find();
    if (found === undefined) continue;
    try {
      return await chromium.launch({
        executablePath: found.path,
        args,
        env: { ...process.env, ...LANGUAGE, ...found.env },
      });
    } catch (cause) {
      causes.push(cause);
    }
  }
  if (causes.length === 0) return none();
  throw new AggregateError(causes, "No Chromium starts here. Set CHROMIUM_PATH to a Chromium or Chrome that does.");
}

/** Waits until one of these places is free among all processes of this machine. */
async function turnAt(places: readonly string[]): Promise<Disposable> {
  for (;;) {
    for (const place of places) {
      const turn = lockOrNothing(place);
      if (turn) return turn;
    }
    await sleep(LOOK_EVERY_MS);
  }
}

function lockOrNothing(name: string): Disposable | undefined {
  try {
    return takeHostLock(name);
  } catch (error) {
    if (error instanceof HostLockError) return undefined;
    throw error;
  }
}

/** The Chromium that a person would have: the system's, else the one of npm. */
export async function findChromium(): Promise<Executable> {
  return chosen() ?? system() ?? (await bundled()) ?? none();
}

function chosen(): Executable | undefined {
  const path = process.env.CHROMIUM_PATH;
  return path === undefined ? undefined : { path, env: {} };
}

function system(): Executable | undefined {
  const path = onPath(SYSTEM_NAMES) ?? [MAC_CHROME].find(isExecutable);
  return path === undefined ? undefined : { path, env: {} };
}

async function bundled(): Promise<Executable | undefined> {
  return process.platform === "linux" && process.arch === "x64" ? await unpackBundled() : undefined;
}

function none(): never {
  throw new Error("There is no Chromium here. Install Chromium or Chrome, or set CHROMIUM_PATH to one.");
}

function onPath(names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? "").split(":");
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The npm package holds archives. They are unpacked once, by one process, beside the package, and moved into place as a whole. */
async function unpackBundled(): Promise<Executable> {
  const manifest = new URL("../package.json", import.meta.resolve("@sparticuz/chromium"));
  const { version } = JSON.parse(await readFile(manifest, "utf8")) as { version: string };
  const modules = join(dirname(manifest.pathname), "../..");
  const place = join(modules, ".cache", `chromium-${version}`);
  if (!existsSync(place)) {
    using _turn = await turnAt(["test-browser-unpacked"]);
    if (!existsSync(place)) await unpackTo(place, join(dirname(manifest.pathname), "bin"));
  }
  return {
    path: join(place, "chromium"),
    env: { LD_LIBRARY_PATH: join(place, "al2023", "lib"), FONTCONFIG_PATH: join(place, "fonts") },
  };
}

async function unpackTo(place: string, archives: string): Promise<void> {
  const { inflate } = await import("@sparticuz/chromium");
  await mkdir(dirname(place), { recursive: true });
  const fresh = await mkdtemp(`${place}-`);
  const names = ["chromium.br", "al2023.tar.br", "fonts.tar.br", "swiftshader.tar.br"];
  // The package unpacks into the folder for temporary files, which it asks for as each call begins.
  const { TMPDIR } = process.env;
  process.env.TMPDIR = fresh;
  const unpacking = names.map((name) => inflate(join(archives, name)));
  if (TMPDIR === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = TMPDIR;
  await Promise.all(unpacking);
  await writeFile(join(fresh, "fonts", "fonts.conf"), fontConfig(place));
  await rename(fresh, place).catch(() => rm(fresh, { recursive: true })); // another test file was faster
}

/** The package's own file names folders of another machine; without any font the browser ends at the first form field. */
function fontConfig(place: string): string {
  const folders = [join(place, "fonts"), "/usr/share/fonts", "/usr/local/share/fonts"];
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>${folders.map((folder) => `<dir>${folder}</dir>`).join("")}<cachedir>${join(place, "font-cache")}</cachedir></fontconfig>
`;
}
