/** Looks after the certificate while the gateway runs: its own is renewed in time, one that was configured is read anew. */
import { messageOf } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Clock } from "../base/time/clock.ts";
import type { GatewayServer } from "../server/listening/gateway-server.ts";
import type { GatewaySettings } from "../server/settings.ts";

/** Programs that renew certificates replace files, often through links. Looking at them costs less than watching them, ms. */
const LOOK_EVERY_MS = 60 * 60_000;

interface Renewal {
  readonly settings: () => GatewaySettings["tls"];
  readonly stateDir: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Shows a new certificate as soon as there is one, until disposed. No connection ends by it. */
export function keepCertificate(server: GatewayServer, { settings, stateDir, clock, log }: Renewal): Disposable {
  let problem: string | undefined;
  let isLooking = false;
  const look = async () => {
    // Making a certificate takes a while; two would follow each other.
    if (isLooking) return;
    isLooking = true;
    try {
      const { loadCertificate } = await import("../server/listening/tls.ts");
      const certificate = await loadCertificate(settings(), stateDir, clock);
      problem = undefined;
      if (certificate.fingerprint === server.fingerprint) return;
      server.useCertificate(certificate);
      log.info("the certificate was renewed", { fingerprint: certificate.fingerprint });
    } catch (error) {
      // Files that are being replaced do not fit together for a moment; the certificate in use stays.
      const isNews = messageOf(error) !== problem;
      problem = messageOf(error);
      if (isNews) log.warn("the certificate cannot be renewed", { reason: problem });
    } finally {
      isLooking = false;
    }
  };
  return clock.every(LOOK_EVERY_MS, () => void look());
}
