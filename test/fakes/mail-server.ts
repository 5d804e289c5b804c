/** What stands in for a mail provider: the real Dovecot where there is one, and a fake that can be as untidy as real ones. */

export const MAIL_PASSWORD = "a-password-of-mail";

/** A server with one user, joe. */
export interface MailServer extends AsyncDisposable {
  /** Settings of a mailbox on it. */
  readonly settings: { host: string; port: number; security: string; user: string; password: string };
  /** Starts it, again after `stop`. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** A mail arrives; lines end as they should. */
  receive(mail: string): Promise<void>;
  /** The flags of all mails, oldest first. */
  flags(): Promise<string[][]>;
  /** Forgets the numbers of the mails: they get new ones, and the mailbox another validity. */
  renumber(): Promise<void>;
}
