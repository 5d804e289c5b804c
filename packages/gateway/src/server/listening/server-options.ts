/** What the listener is given. */

import type { Log } from "../../base/log.ts";
import type { Descriptors } from "../../base/process/descriptors.ts";
import type { StoreWatch } from "../../base/store/store-watch.ts";
import type { Granted, HandshakePorts } from "../admission/handshake.ts";
import type { Connection } from "../connection.ts";
import type { Dispatch } from "../dispatch.ts";
import type { Doors } from "./doors.ts";
import type { HttpFront } from "./http.ts";
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
  readonly http: HttpFront;
  /** Keeps descriptors free for everything but clients. */
  readonly descriptors: Descriptors;
  readonly certificate: Certificate | undefined;
  /** Doors that the gateway before this one has left, and to which this one leaves its own. */
  readonly doors: Doors;
  /** The payload of hello-ok for a connection that is let in; the connection counts as connected from here on. */
  welcome(connection: Connection, granted: Granted): unknown;
  disconnected(connection: Connection): void;
}
