// Loaded first in every test process and its children: whatever tries to leave this machine fails at once, by name.

import dgram from "node:dgram";
import dns from "node:dns";
import net from "node:net";

/** Addresses that a test has given this machine, in a network of its own. */
const OWN = (process.env.MOLTBOT_TEST_OWN_ADDRESSES ?? "").split(" ").filter(Boolean);
const LOCAL = /^(localhost|127(?:\.\d+){3}|::1|::ffff:127(?:\.\d+){3}|0\.0\.0\.0|::|)$/i;

/** Throws for any name that is not this machine's; looking up an address asks nobody (a server does it to listen). */
function requireLoopbackName(host) {
  if (net.isIP(String(host)) === 0) requireLoopback(host);
}

/** Throws for any host that is not this machine. */
function requireLoopback(host) {
  if (OWN.includes(host)) return;
  if (host === undefined || host === null || LOCAL.test(String(host).replace(/^\[|\]$/g, ""))) return;
  throw Object.assign(new Error(`a test tried to reach ${host}; tests may only use loopback`), { code: "ENETUNREACH" });
}

/** A look-up that fails when an address that it finds is not this machine's. */
function guardedAnswers(find) {
  return (host, options, done) =>
    find(host, options, (error, found, family) => {
      try {
        for (const each of error ? [] : [found].flat()) requireLoopback(each.address ?? each);
      } catch (outside) {
        return done(outside);
      }
      return done(error, found, family);
    });
}

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function guarded(...args) {
  const [first] = Array.isArray(args[0]) ? args[0] : args;
  const target =
    typeof first === "object" && first !== null ? first : { host: typeof args[1] === "string" ? args[1] : undefined };
  try {
    // A name that the caller looks up by itself is judged by the addresses that it finds. The HTTP client gives no path as null.
    if (typeof target.lookup === "function" && net.isIP(target.host) === 0)
      target.lookup = guardedAnswers(target.lookup);
    else if ((target.path ?? undefined) === undefined) requireLoopback(target.host);
  } catch (error) {
    process.nextTick(() => this.destroy(error));
    return this;
  }
  return connect.apply(this, args);
};

const { lookup } = dns;
dns.lookup = function guardedLookup(hostname, options, callback) {
  const done = callback ?? options;
  try {
    requireLoopbackName(hostname);
  } catch (error) {
    return void process.nextTick(done, error);
  }
  return lookup.call(dns, hostname, options, callback);
};

const lookupPromise = dns.promises.lookup;
dns.promises.lookup = async (hostname, options) => {
  requireLoopbackName(hostname);
  return await lookupPromise.call(dns.promises, hostname, options);
};

/** Sockets whose multicast goes to this machine alone. */
const multicastHere = new WeakSet();
const { setMulticastInterface } = dgram.Socket.prototype;
dgram.Socket.prototype.setMulticastInterface = function guardedInterface(address) {
  if (LOCAL.test(address) || address === "::%lo") multicastHere.add(this);
  else multicastHere.delete(this);
  return setMulticastInterface.call(this, address);
};

const send = dgram.Socket.prototype.send;
dgram.Socket.prototype.send = function guardedSend(...args) {
  const host = args.findLast((each) => typeof each === "string" && each !== args[0]);
  if (!/^(?:224\.0\.0\.251|ff02::fb%lo)$/.test(host) || !multicastHere.has(this)) requireLoopback(host);
  return send.apply(this, args);
};
