/** Loaded first (`node --import`) by a gateway that uses a fake of another process: trusts what the environment names. */
import { TRUST_VARIABLE, type Trust, trust } from "./trust.ts";

const told = process.env[TRUST_VARIABLE];
if (told) trust(JSON.parse(told) as Trust);
