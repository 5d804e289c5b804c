/**
 * Takes over the state of another gateway: what it would add is told first, is added in one transaction, and can be taken
 * back. It works while no gateway runs on our state; the reading is loaded when somebody asks for it.
 */

import type { ImportServices } from "./import-services.ts";
import type { Applied, ImportChoice, Plan, Undone } from "./plan.ts";
import { Records } from "./record.ts";

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
  async apply(plan: Plan): Promise<Applied> {
    const { apply } = await import("./apply.ts");
    return await apply({ services: this.#services, records: this.records }, plan);
  }

  /** Takes the newest import back; undefined when there is none. */
  async undo(): Promise<Undone | undefined> {
    const { undo } = await import("./undo.ts");
    return undo({ services: this.#services, records: this.records });
  }
}
