/** The service of mail: watches the mailboxes of the settings. Without any, nothing is loaded. */
import type { Settings } from "../../../base/config/config.ts";
import { defined } from "../../../base/defined.ts";
import { ignore } from "../../../base/errors.ts";
import type { Base } from "../../../kit/base.ts";
import type { Hooks } from "../hooks/hooks.ts";
import { MailboxRows } from "./mailbox-rows.ts";
import type { MailboxWatcher } from "./mailbox-watcher.ts";
import type { MailboxShape } from "./schema.ts";
import { type MailAccountSettings, type MailSettings, mail as section } from "./settings.ts";

export interface MailServices extends Base {
  readonly hooks: Hooks;
}

export class Mail implements AsyncDisposable {
  readonly #services: MailServices;
  readonly #settings: Settings<MailSettings>;
  readonly #boxes: MailboxRows;
  readonly #watches = new Map<string, { readonly key: string; readonly watch: MailboxWatcher }>();
  readonly #stack = new DisposableStack();
  #changing: Promise<void> = Promise.resolve();

  constructor(services: MailServices) {
    this.#services = services;
    this.#settings = services.config.of(section);
    this.#boxes = new MailboxRows(services.store);
  }

  start(): void {
    this.#stack.use(this.#settings.onChange(() => this.#follow()));
    this.#follow();
  }

  async stop(): Promise<void> {
    this.#stack.dispose();
    await this.#changing;
    await Promise.all([...this.#watches.values()].map(({ watch }) => watch[Symbol.asyncDispose]()));
    this.#watches.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** The mailboxes of the settings. */
  status(): MailboxShape[] {
    return Object.entries(this.#settings.current.accounts).map(([account, settings]) => {
      const { host, user, mailbox = "INBOX" } = settings;
      const { state, problem } = this.#watches.get(account)?.watch.state ?? { state: "off" as const };
      const box = this.#boxes.get(account);
      return {
        ...{ account, host, user, mailbox, state },
        ...defined({ problem, lastMailAtMs: box?.lastMailAt ?? undefined, lastUid: box?.lastUid }),
      };
    });
  }

  /** Watches what the settings name; a mailbox whose settings have not changed is left alone. */
  #follow(): void {
    this.#changing = this.#changing
      .then(() => this.#change())
      .catch((error: unknown) => {
        this.#services.log.error("mailboxes cannot be watched", { error });
        ignore(error, "the next change of the settings tries again");
      });
  }

  async #change(): Promise<void> {
    const { accounts } = this.#settings.current;
    const wanted = new Map(Object.entries(accounts).filter(([, { enabled = true }]) => enabled));
    for (const [account, { key, watch }] of this.#watches) {
      if (key === keyOf(wanted.get(account))) continue;
      this.#watches.delete(account);
      await watch[Symbol.asyncDispose]();
    }
    const added = [...wanted].filter(([account]) => !this.#watches.has(account));
    if (added.length === 0 || this.#stack.disposed) return;
    const { MailboxWatcher } = await import("./mailbox-watcher.ts");
    for (const [account, settings] of added) {
      const options = {
        services: this.#services,
        boxes: this.#boxes,
        account,
        settings,
        all: () => this.#settings.current,
      };
      const watch = new MailboxWatcher(options);
      this.#watches.set(account, { key: keyOf(settings), watch });
      watch.begin();
    }
  }
}

function keyOf(settings: MailAccountSettings | undefined): string {
  return settings === undefined ? "" : JSON.stringify(settings);
}
