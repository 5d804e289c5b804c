/** What the server is given by the process that starts it. */

import type { Log } from "../../base/log.ts";
import type { Descriptors } from "../../base/process/descriptors.ts";
import type { StoreWatch } from "../../base/store/store-watch.ts";
import type { Granted, HandshakePorts } from "../admission/handshake.ts";
import type { Connection } from "../connection.ts";
import type { Dispatch } from "../dispatch.ts";
import type { HttpHandler } from "./http-handler.ts";
import type { Listeners } from "./listeners.ts";
import type { Certificate } from "./tls.ts";

export interface ServerOptions extends HandshakePorts {
  /** Takes secrets out of a text that leaves. */
  readonly guard: (text: string) => string;
  /** Takes paths of this machine out of a text for those who do not administer it. */
  readonly conceal: (text: string) => string;
  readonly log: Log;
  readonly dispatch: Dispatch;
  /** See `StoreWatch.explain`. */
  readonly explain: StoreWatch["explain"];
  readonly http: HttpHandler;
  /** Keeps descriptors free for everything but clients. */
  readonly descriptors: Descriptors;
  readonly certificate: Certificate | undefined;
  /** Open listeners of the gateway before this one; this one leaves its own there. */
  readonly listeners: Listeners;
  /** The payload of hello-ok for a connection that is let in; the connection counts as connected from here on. */
  helloOk(connection: Connection, granted: Granted): unknown;
  disconnected(connection: Connection): void;
}
