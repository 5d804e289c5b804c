/** The A2UI page's own files, as the build has made them; and the page that is shown where no page has been written. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PAGE_FILES } from "@moltbot/a2ui/page-files";
import { fileExists } from "../../../../base/files.ts";
import type { Brand } from "./paths.ts";

/** Beside the bundle, or in the source tree. */
const FOLDERS = ["a2ui", "../../../../../../a2ui/dist", "../../../../../dist/a2ui"];
const NAMES: readonly string[] = Object.values(PAGE_FILES);

const loaded = new Map<string, Buffer>();

/** A file of the A2UI page; undefined when there is none of that name, or the page has not been built. */
export function builtFile(name: string): Buffer | undefined {
  if (!NAMES.includes(name)) return undefined;
  const known = loaded.get(name);
  if (known) return known;
  const path = FOLDERS.map((folder) => join(import.meta.dirname, folder, name)).find(fileExists);
  if (path === undefined) return undefined;
  const body = readFileSync(path);
  loaded.set(name, body);
  return body;
}

/** Whether a name is one of the page's files, built or not. */
export function isPageFile(name: string): boolean {
  return NAMES.includes(name);
}

const PLATFORMS: ReadonlySet<string | null> = new Set(["ios", "android", "macos"]);

/** The A2UI page, told on which platform it is shown. */
export function a2uiPage(page: Buffer, platform: string | null): Buffer {
  if (!PLATFORMS.has(platform)) return page;
  return Buffer.from(page.toString("utf8").replace(/<html\b/i, `<html data-platform="${platform}"`));
}

/** A page with the script that loads it again and carries its buttons' actions, before the last `</body>`. */
export function withScript(html: Buffer, { prefix, brand }: { prefix: string; brand: Brand }): Buffer {
  const script = `<script src="${prefix}/__${brand}__/a2ui/${PAGE_FILES.canvasScript}"></script>`;
  const text = html.toString("latin1");
  const at = text.toLowerCase().lastIndexOf("</body>");
  // Latin-1 keeps every byte, whatever the page's encoding is.
  const whole = at < 0 ? text + script : text.slice(0, at) + script + text.slice(at);
  return Buffer.from(whole, "latin1");
}

/** Stands at the root while no index.html has been written. */
export const EMPTY_PAGE = Buffer.from(
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Canvas</title><style>body{font:16px system-ui;margin:3rem auto;max-width:32rem;padding:0 1rem;color-scheme:light dark}</style>
</head><body><h1>Nothing here yet</h1><p>Ask your agent to write <code>canvas/index.html</code>, or put a page into the folder that
<code>moltbot canvas path</code> names. This page shows it as soon as it is there.</p></body></html>
`,
);

/** Answers a folder without index.html. */
export const NO_PAGE = Buffer.from(
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Not found</title></head><body><h1>Not found</h1>
<p>There is no <code>index.html</code> in this folder of the canvas.</p></body></html>
`,
);
