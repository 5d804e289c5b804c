/** Joins the slices to the server: methods to dispatch, events to connections, routes to the HTTP port. */
import { descriptorLimit, descriptors, openDescriptors } from "../base/process/descriptors.ts";
import { METHODS } from "../definitions.ts";
import type { Services } from "../kit/lifecycle.ts";
import { helloOk } from "../server/admission/hello.ts";
import { reachedBy } from "../server/admission/locality.ts";
import { startBroadcast } from "../server/broadcast.ts";
import { Dispatch } from "../server/dispatch.ts";
import { IdempotentCalls } from "../server/idempotency.ts";
import { GatewayServer } from "../server/listening/gateway-server.ts";
import { HttpHandler } from "../server/listening/http-handler.ts";
import type { Listeners } from "../server/listening/listeners.ts";
import type { OpenedBase } from "./base.ts";
import { concealing } from "./conceal.ts";
import { isHostDevice } from "./host-device.ts";
import { OFFER } from "./offer.ts";
import { findWebDir } from "./web-dir.ts";

/** Makes the server of a gateway; it does not listen yet. The stack ends what it broadcasts. */
export async function makeServer(
  { base, auth, limiter, settings }: OpenedBase,
  services: Services,
  { stack, listeners }: { readonly stack: AsyncDisposableStack; readonly listeners: Listeners },
): Promise<GatewayServer> {
  const { clock, log, bus, guard, database, stateDir, store } = base;
  const { calls, connections, devices, followers, frames, invitations, overview, presence, subscribers } = base.host;
  const conceal = concealing(base);
  const explain = database.explain.bind(database);
  const server = new GatewayServer({
    ...{ clock, log, limiter, guard, conceal, explain },
    listeners,
    devices: devices.now,
    invitations: invitations.now,
    settings: () => settings.current,
    auth: () => auth,
    isHostDevice: (deviceId) => isHostDevice(stateDir, deviceId),
    dispatch: new Dispatch({
      methods: () => METHODS,
      gateway: services.gateway,
      idempotentCalls: new IdempotentCalls(clock),
      replication: store,
      log,
      explain,
      calls,
    }),
    http: new HttpHandler({
      routes: services.routes(),
      webDir: settings.current.controlUi.enabled ? findWebDir() : undefined,
      frames: (host) => frames.now.sourcesFor(host),
    }),
    descriptors: descriptors({
      ...{ limit: descriptorLimit(), count: openDescriptors },
      monotonic: () => clock.monotonic(),
    }),
    certificate: settings.current.tls.enabled
      ? await (await import("../server/listening/tls.ts")).loadCertificate(settings.current.tls, stateDir, clock)
      : undefined,
    helloOk(connection, granted) {
      const { caller } = granted.session;
      presence.now.connected(caller, connection.remoteIp);
      const { tls, trustedProxies } = settings.current;
      const reached = reachedBy(connection.peer, connection.localEnd, { isTls: tls.enabled, trustedProxies });
      const more = Object.assign(
        {},
        ...[...connections].map((each) => each.opened(caller, connection.remoteIp, reached)),
      );
      return helloOk(OFFER, overview.now.snapshot(caller.scopes), connection, { ...granted, more });
    },
    disconnected({ id }) {
      presence.now.disconnected(id);
      for (const each of connections) each.closed(id);
    },
  });
  stack.use(
    startBroadcast({
      ...{ bus, connections: server.connections, guard, conceal },
      subscribers: (event, payload) => subscribers.now.of(event, payload),
      followers: (event, payload) => followers.now.of(event, payload),
      stateVersion: () => overview.now.stateVersion,
    }),
  );
  return server;
}
