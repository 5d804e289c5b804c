/**
 * Dovecot, the real IMAP server, on loopback. It is that of the system, or one that is unpacked in a folder: that which
 * `MOLTBOT_TEST_DOVECOT` names, else `.cache/moltbot-dovecot` at home. To unpack it, run
 * `apt-get download dovecot-core dovecot-imapd`, then `dpkg -x FILE FOLDER` for both. Its programs have their paths built in,
 * so the folder is laid over /usr for the server alone, which needs root.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { ImapFlow } from "imapflow";
import { ignore } from "../../packages/gateway/src/base/errors.ts";
import { LIMIT_MS } from "../support/time-limit.ts";
import { MAIL_PASSWORD, type MailServer } from "./mail-server.ts";

const SYSTEM = "/usr/sbin/dovecot";
const FOLDER = process.env.MOLTBOT_TEST_DOVECOT ?? join(homedir(), ".cache/moltbot-dovecot");

/** Why there is no Dovecot here; undefined when there is one. */
export function noDovecot(): string | undefined {
  if (process.getuid?.() !== 0) return "Dovecot needs root to change users";
  if (existsSync(SYSTEM)) return undefined;
  if (!existsSync(join(FOLDER, SYSTEM))) return "there is no Dovecot; see test/fakes/dovecot.ts";
  try {
    execFileSync("unshare", ["-m", "true"]);
    return undefined;
  } catch (error) {
    ignore(error, "the reason is told");
    return "the unpacked Dovecot cannot be laid over /usr here";
  }
}

/** One server with one user, joe. */
export class Dovecot implements MailServer {
  readonly #folder = mkdtempSync(join(tmpdir(), "moltbot-dovecot-"));
  readonly port: number;
  #child: ChildProcess | undefined;

  private constructor(port: number) {
    this.port = port;
  }

  static async start(): Promise<Dovecot> {
    const dovecot = new Dovecot(await freePort());
    await dovecot.start();
    return dovecot;
  }

  /** Starts it, again after `stop`. */
  async start(): Promise<void> {
    chmodSync(this.#folder, 0o755);
    for (const name of ["mail", "run"]) mkdirSync(join(this.#folder, name), { recursive: true });
    chmodSync(join(this.#folder, "mail"), 0o777);
    writeFileSync(this.#config, configOf(this.#folder, this.port));
    const run = existsSync(SYSTEM)
      ? [SYSTEM, "-F", "-c", this.#config]
      : [
          "unshare",
          "-m",
          "sh",
          "-c",
          `mount -t overlay overlay -o "lowerdir=$1/usr:/usr" /usr && exec ${SYSTEM} -F -c "$2"`,
          "sh",
          FOLDER,
          this.#config,
        ];
    this.#child = spawn(run[0]!, run.slice(1), { stdio: "ignore" });
    const limit = AbortSignal.timeout(LIMIT_MS);
    while (!(await this.#answers())) {
      if (limit.aborted || this.#child.exitCode !== null) throw new Error(`Dovecot does not start: ${this.log}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  get log(): string {
    return existsSync(join(this.#folder, "log")) ? readFileSync(join(this.#folder, "log"), "utf8") : "";
  }

  /** Settings of a mailbox on this server. */
  get settings() {
    return { host: "127.0.0.1", port: this.port, security: "none", user: "joe", password: MAIL_PASSWORD };
  }

  /** A mail arrives; lines end as they should. */
  async receive(mail: string, mailbox = "INBOX"): Promise<void> {
    await this.#with(async (client) => void (await client.append(mailbox, mail.replace(/\r?\n/g, "\r\n"))));
  }

  /** The flags of all mails, oldest first. */
  async flags(): Promise<string[][]> {
    const flags: string[][] = [];
    await this.#with(async (client) => {
      await client.mailboxOpen("INBOX", { readOnly: true });
      for await (const each of client.fetch("1:*", { flags: true })) flags.push([...(each.flags ?? [])]);
    });
    return flags;
  }

  /** How many sessions wait with IDLE or do anything else. */
  get sessions(): number {
    return (
      (this.log.match(/Login: user=<joe>/g) ?? []).length -
      (this.log.match(/imap\(joe\).*(?:Disconnected|Connection closed|Logged out)/g) ?? []).length
    );
  }

  /** Forgets the numbers of the mails: they get new ones, and the mailbox another validity. */
  async renumber(): Promise<void> {
    await this.stop();
    const folder = join(this.#folder, "mail", "joe");
    for (const name of [
      "dovecot-uidlist",
      "dovecot.index",
      "dovecot.index.log",
      "dovecot.index.cache",
      "dovecot-uidvalidity",
    ])
      rmSync(join(folder, name), { force: true });
    for (const name of execFileSync("ls", ["-A", folder], { encoding: "utf8" }).split("\n"))
      if (name.startsWith("dovecot-uidvalidity.")) rmSync(join(folder, name));
    await this.start();
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null) return;
    child.kill("SIGTERM");
    await once(child, "exit");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #config(): string {
    return join(this.#folder, "dovecot.conf");
  }

  async #answers(): Promise<boolean> {
    try {
      await this.#with(async () => {});
      return true;
    } catch (error) {
      ignore(error, "it does not listen yet");
      return false;
    }
  }

  async #with(work: (client: ImapFlow) => Promise<void>): Promise<void> {
    const auth = { user: "joe", pass: MAIL_PASSWORD };
    const client = new ImapFlow({
      host: "127.0.0.1",
      port: this.port,
      secure: false,
      doSTARTTLS: false,
      auth,
      logger: false,
    });
    client.on("error", (error: unknown) => ignore(error, "the command fails"));
    try {
      await client.connect();
      await work(client);
      await client.logout();
    } finally {
      client.close();
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function configOf(folder: string, port: number): string {
  return `protocols = imap
listen = 127.0.0.1
base_dir = ${folder}/run
state_dir = ${folder}/run
log_path = ${folder}/log
ssl = no
disable_plaintext_auth = no
default_internal_user = nobody
default_login_user = nobody
default_internal_group = nogroup
mail_location = maildir:${folder}/mail/%u
mail_uid = nobody
mail_gid = nogroup
first_valid_uid = 1
auth_failure_delay = 0
passdb {
  driver = static
  args = password=${MAIL_PASSWORD}
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=${folder}/mail/%u
}
service imap-login {
  chroot =
  inet_listener imap {
    address = 127.0.0.1
    port = ${port}
  }
  inet_listener imaps {
    port = 0
  }
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
`;
}
