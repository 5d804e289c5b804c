/** Why a mailbox is not watched, as a sentence for its owner: texts of the server and of libraries stay inside. */
import { GatewayError } from "../../../base/errors.ts";
import type { MailAccountSettings } from "./settings.ts";

/** What a library and the system say of a failure. */
interface Failure {
  readonly authenticationFailed?: boolean;
  readonly mailboxMissing?: boolean;
  readonly serverResponseCode?: string;
  readonly code?: string;
}

/** Whether only a person can fix it. */
export function isLasting(error: unknown): boolean {
  const { authenticationFailed, mailboxMissing } = failureOf(error);
  return (authenticationFailed === true && !isBusy(error)) || mailboxMissing === true || isOurs(error);
}

/** The problem of a mailbox as a sentence, and how to solve it. */
export function problemOf(error: unknown, account: string, settings: MailAccountSettings): string {
  const { host, mailbox = "INBOX" } = settings;
  const { authenticationFailed, mailboxMissing, serverResponseCode, code = "" } = failureOf(error);
  if (error instanceof GatewayError) return error.message;
  if (isBusy(error)) return `${host} lets nobody in for the moment; it is tried again soon.`;
  if (authenticationFailed)
    return `${host} refused the name or the password; set mail.accounts.${account}.user and .password. Many providers want a password for apps.`;
  if (mailboxMissing || serverResponseCode === "NONEXISTENT")
    return `${host} has no folder ${mailbox}; set mail.accounts.${account}.mailbox.`;
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME/.test(code))
    return `The certificate of ${host} is not trusted (${code}); set the name that it is made for as mail.accounts.${account}.host.`;
  if (/^(?:E[A-Z]+|CONNECT_TIMEOUT|GREETING_TIMEOUT|UPGRADE_TIMEOUT)$/.test(code) && code !== "ECONNRESET")
    return `${host} cannot be reached (${code}); set mail.accounts.${account}.host, .port and .security as the provider says.`;
  return `The connection to ${host} was lost; it is made again soon.`;
}

/** Codes with which a server refuses a right password for a while (RFC 5530, 3). */
const BUSY = new Set(["UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG"]);

/** Whether the server has no time for anybody now. */
export function isBusy(error: unknown): boolean {
  const { serverResponseCode } = failureOf(error);
  return serverResponseCode !== undefined && BUSY.has(serverResponseCode.toUpperCase());
}

function isOurs(error: unknown): boolean {
  return error instanceof GatewayError && error.retryable !== true;
}

function failureOf(error: unknown): Failure {
  return typeof error === "object" && error !== null ? (error as Failure) : {};
}
