/**
 * The program that stands in for `imsg`: it hands the lines of its input to the fake, and does what the fake says.
 * Started as `imsg-client.ts PORT rpc`. It keeps nothing, so it can be killed at any time.
 */
import { connect } from "node:net";
import { createInterface } from "node:readline";
import type { Told } from "./imsg-server.ts";

const [port, command] = process.argv.slice(2);
if (command !== "rpc") {
  process.stderr.write(`Error: Unexpected argument '${command}'\n`);
  process.exit(64);
}

const socket = connect(Number(port), "127.0.0.1");
socket.on("error", () => {
  process.stderr.write("Error: the Messages database is not there\n");
  process.exit(1);
});
socket.on("close", () => process.exit(1));
process.stdin.pipe(socket);
process.stdin.on("end", () => process.exit(0));
// The gateway that started this may be gone without a word.
process.stdout.on("error", () => process.exit(0));

createInterface({ input: socket }).on("line", (line) => {
  const told = JSON.parse(line) as Told;
  if (told.kind === "out") process.stdout.write(told.text);
  if (told.kind === "err") process.stderr.write(told.text);
  if (told.kind === "exit") process.exit(told.code);
});
