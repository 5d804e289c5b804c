/** What hello-ok says of every gateway of this build. The build puts the value in place of this file, so that no start reads the definitions for it. */
import { VERSION } from "../base/version.ts";
import { EVENTS, METHODS } from "../definitions.ts";
import type { Offer } from "../server/admission/hello.ts";

export const OFFER: Offer = {
  version: VERSION,
  methods: [...METHODS.values()].filter((method) => method.listed).map((method) => method.name),
  events: ["connect.challenge", ...EVENTS.map((event) => event.name)],
};
