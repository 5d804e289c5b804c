/**
 * Takes over the state of another gateway: what it would add is told first, is added in one transaction, and can be taken
 * back. A command does that while no gateway runs, the gateway itself when a client asks; the reading is loaded when somebody asks for it.
 */

import { join } from "node:path";
import { invalidRequest, messageOf, TellableError } from "../../../base/errors.ts";
import { writePrivateFile } from "../../../base/files.ts";
import type { ImportServices } from "./import-services.ts";
import type { AppliedImport, ImportChoice, Plan, UndoneImport } from "./plan.ts";
import { Records } from "./record.ts";

/** The answer of an import goes out before the gateway restarts, ms. */
const RESTART_AFTER_MS = 300;
/** Notes of each kind that are shown, at most; the report holds all. */
const MOST_NOTES = 200;

export class Imports {
  readonly records: Records;
  readonly #services: ImportServices;

  constructor(services: ImportServices) {
    this.#services = services;
    this.records = new Records(services.store);
  }

  /** Says what a folder holds and what of it is new. Throws `TellableError` for a folder that is no state folder. */
  async plan(folder: string, choice: ImportChoice): Promise<Plan> {
    const { planOf } = await import("./plan.ts");
    return await planOf(this.#services, folder, choice);
  }

  /** Adds what a plan names. */
  async apply(plan: Plan): Promise<AppliedImport> {
    const { apply } = await import("./apply.ts");
    return await apply({ services: this.#services, records: this.records }, plan);
  }

  /** A plan without its secrets, for programs and for the report. */
  factsOf({ found, counts, conversations, config, workspaces, channels, warnings, left }: Plan) {
    return {
      ...{ folder: found.folder, generation: found.generation, counts, conversations, settings: config.taken },
      ...{ workspaces, channels, commands: found.commands, warnings, left },
    };
  }

  /** Writes down what an import has done; the path. */
  report(plan: Plan, { added, warnings }: AppliedImport, allowed: readonly string[]): string {
    const { stateDir, clock } = this.#services;
    const at = new Date(clock.now()).toISOString().slice(0, 19).replaceAll(":", "");
    const path = join(stateDir, `import-${at}.json`);
    writePrivateFile(path, `${JSON.stringify({ ...this.factsOf(plan), added, allowed, warnings }, null, 2)}\n`);
    return path;
  }

  /** State folders of other gateways on this machine, and the newest import that was not taken back. */
  async found() {
    const { foldersOfOthers } = await import("../../../base/other-gateways.ts");
    const { env, stateDir } = this.#services;
    const last = this.records.last();
    return {
      folders: foldersOfOthers(env, stateDir),
      ...(last && { last: { folder: last.folder, at: last.at } }),
    };
  }

  /** What one of the found folders would bring. Throws `INVALID_REQUEST` for any other folder, and for one that cannot be read. */
  async look(folder: string) {
    return this.#shown(await this.#planOfFound(folder));
  }

  /** Takes a found folder over while the gateway runs, which restarts in place for it. Throws as `look`, and while the other runs. */
  async take(folder: string) {
    const plan = await this.#planOfFound(folder);
    await this.#requireQuiet(plan);
    const applied = await this.apply(plan);
    const report = this.report(plan, applied, []);
    this.#services.log.info("the state of another gateway was taken over", { folder, ...applied.added });
    this.#restart();
    return { added: applied.added, report, channels: [...plan.channels] };
  }

  /** Takes the newest import back while the gateway runs. Throws `INVALID_REQUEST` when there is none. */
  async takeBack(): Promise<UndoneImport> {
    const undone = await this.undo();
    if (undone === undefined) throw invalidRequest("there is no import to take back");
    this.#services.log.info("an import was taken back", { folder: undone.folder });
    this.#restart();
    return undone;
  }

  /** A client can name only what is found here: it must not have the gateway read any folder of the machine. */
  async #planOfFound(folder: string): Promise<Plan> {
    const { folders } = await this.found();
    if (!folders.includes(folder)) throw invalidRequest("this is not a folder of another gateway that was found here");
    const { sections } = this.#services.config;
    try {
      return await this.plan(folder, { copy: false, enableChannels: false, isFirst: false, sections });
    } catch (error) {
      if (!(error instanceof TellableError)) throw error;
      throw invalidRequest(messageOf(error), { cause: error });
    }
  }

  /** Two gateways on one state would write past each other. */
  async #requireQuiet({ found: { config } }: Plan): Promise<void> {
    const { isTaken, portOfOther } = await import("../../../base/other-gateways.ts");
    const port = portOfOther(config);
    const ours = this.#services.host.pageOrigins().some(({ origin }) => Number(new URL(origin).port) === port);
    if (!ours && (await isTaken(port)))
      throw invalidRequest(`something listens on port ${port}, where the other gateway runs; stop it first`);
  }

  /** What services keep in memory is read anew. */
  #restart(): void {
    this.#services.host.requestRestart("import", RESTART_AFTER_MS);
  }

  #shown(plan: Plan) {
    const { folder, generation, counts, conversations, channels, commands, warnings, left } = this.factsOf(plan);
    const texts = (notes: Plan["left"]) => notes.slice(0, MOST_NOTES).map(({ at, text }) => `${at}: ${text}`);
    return {
      ...{ folder, generation, counts: [...counts], conversations, channels: [...channels] },
      commands: commands.slice(0, MOST_NOTES).map(({ agentId, pattern }) => ({ agentId, pattern })),
      ...{ left: texts(left), warnings: texts(warnings), notes: left.length + warnings.length },
    };
  }

  /** Takes the newest import back; undefined when there is none. */
  async undo(): Promise<UndoneImport | undefined> {
    const { undo } = await import("./undo.ts");
    return undo({ services: this.#services, records: this.records });
  }
}
