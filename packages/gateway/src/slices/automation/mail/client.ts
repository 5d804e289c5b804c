/** The client of a mailbox, as the settings ask for it. Loads the library with the first one. */
import type { ImapFlow } from "imapflow";
import { GatewayError } from "../../../base/errors.ts";
import { passwordIn } from "./keys.ts";
import type { MailServices } from "./mail.ts";
import type { MailAccountSettings } from "./settings.ts";

interface Access {
  readonly services: MailServices;
  readonly account: string;
  readonly settings: MailAccountSettings;
}

/** IDLE is begun anew before servers and routers end it (RFC 2177: within 29 minutes). */
const IDLE_MS = 4 * 60_000;
const CONNECT_MS = 30_000;

/** A client that is not connected yet. Throws `INVALID_REQUEST` for what only other settings can fix. */
export async function clientFor({ services, account, settings }: Access): Promise<ImapFlow> {
  const { host, security = "tls", user } = settings;
  const pass = settings.password ?? passwordIn(services.env, account);
  if (pass === undefined || pass === "")
    throw new GatewayError(
      "INVALID_REQUEST",
      `There is no password; set mail.accounts.${account}.password, or MOLTBOT_MAIL_PASSWORD in the environment.`,
    );
  if (security === "none" && !/^(?:localhost|127(?:\.\d+){3}|::1)$/.test(host))
    throw new GatewayError(
      "INVALID_REQUEST",
      `mail.accounts.${account}.security is none, so others could read the password on its way; use tls or starttls.`,
    );
  const { ImapFlow } = await import("imapflow");
  return new ImapFlow({
    ...{ host, port: settings.port ?? (security === "tls" ? 993 : 143), secure: security === "tls" },
    ...{ doSTARTTLS: security === "starttls", auth: { user, pass }, logger: false, disableAutoIdle: true },
    ...{ maxIdleTime: IDLE_MS, connectionTimeout: CONNECT_MS, greetingTimeout: CONNECT_MS },
    clientInfo: { name: "moltbot" },
  });
}
