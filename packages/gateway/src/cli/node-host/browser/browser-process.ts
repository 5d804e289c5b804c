/** The process of the controlled browser: its pipes, its proxy, and why it did not start. */
import type { ChildProcess } from "node:child_process";
import { codeOf, ignore } from "../../../base/errors.ts";
import { pipeOf } from "../../../base/process/child.ts";
import { NodeFailure } from "../failure.ts";
import type { FilteringProxy } from "./filtering-proxy.ts";
import { DevToolsPipe } from "./pipe.ts";

/** How much of the output of the process is kept, characters. */
const MAX_SAID_CHARS = 2_000;

/** A running browser; disposing it ends the process. */
export class BrowserProcess implements Disposable {
  readonly pipe: DevToolsPipe;
  readonly proxy: FilteringProxy;
  readonly #child: ChildProcess;
  readonly #failed = Promise.withResolvers<never>();
  #said = "";

  constructor(
    child: ChildProcess,
    proxy: FilteringProxy,
    listener: ConstructorParameters<typeof DevToolsPipe>[0]["listener"],
  ) {
    this.#child = child;
    this.proxy = proxy;
    this.pipe = new DevToolsPipe({ input: pipeOf(child, 4), output: pipeOf(child, 3), listener });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#said = (this.#said + text).slice(-MAX_SAID_CHARS);
    });
    child.stderr?.on("error", (error) => ignore(error, "the end of the process says it better"));
    this.#failed.promise.catch((error: unknown) => ignore(error, "`ready` tells it"));
    child.once("error", (error) => this.#failed.reject(startFailure(codeOf(error) ?? "")));
    child.once("exit", () => {
      this.#failed.reject(startFailure(this.#said));
      this.pipe.close();
      this.proxy[Symbol.dispose]();
    });
    // The browser ends when its pipes close, so nothing of it needs to hold this process.
    child.unref();
    for (const each of child.stdio) if (each && "unref" in each && typeof each.unref === "function") each.unref();
  }

  /** Resolves when the browser answers. */
  async ready(): Promise<void> {
    const limit = { signal: AbortSignal.timeout(60_000) };
    try {
      await Promise.race([this.#prepare(limit), this.#failed.promise]);
    } catch (error) {
      if (limit.signal.aborted) throw error;
      // Its pipes may be gone before its end is known, which says why.
      this[Symbol.dispose]();
      await this.#failed.promise;
    }
  }

  async #prepare(limit: { signal: AbortSignal }): Promise<void> {
    const pages = { autoAttach: true, waitForDebuggerOnStart: true, flatten: true, filter: [{ type: "page" }] };
    await this.pipe.send("Target.setDiscoverTargets", { discover: true }, limit);
    await this.pipe.send("Browser.setDownloadBehavior", { behavior: "deny" }, limit);
    await this.pipe.send("Target.setAutoAttach", pages, limit);
  }

  [Symbol.dispose](): void {
    const { pid } = this.#child;
    try {
      if (pid !== undefined) process.kill(process.platform === "win32" ? pid : -pid, "SIGKILL");
    } catch (error) {
      ignore(error, "it has ended already");
    }
    this.pipe.close();
    this.proxy[Symbol.dispose]();
  }
}

/** Why a browser does not start, without what it printed itself. */
function startFailure(said: string): NodeFailure {
  const why = /running as root without --no-sandbox/i.test(said)
    ? "it does not run as root; run the node as another user"
    : said === "ENOENT" || said === "EACCES"
      ? "its program cannot be run; name another with --browser"
      : "it ended at once; start it by hand to see why, or name another with --browser";
  return new NodeFailure("UNAVAILABLE", `BROWSER_UNAVAILABLE: the browser does not start: ${why}`);
}
