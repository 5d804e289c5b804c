/**
 * Tests that import this show that the statement journal of each of their gateways replays to the same rows: it is replayed when the
 * gateway is disposed of. They are those whose gateways write to most tables.
 */
import { replayed } from "./replay.ts";

replayed.isOn = true;
