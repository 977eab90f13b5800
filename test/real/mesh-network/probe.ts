import { connect } from "node:net";

/**
 * `probe.ts HOST PORT [BYTES]`: connects within a second, sends that many bytes, waits until the other side ends it and
 * prints `connected`; exit code 1 when nobody answers.
 */

const [host = "", port = "", bytes = "0"] = process.argv.slice(2);
const CONNECT_TIMEOUT_MS = 1_000;
const socket = connect({ host, port: Number(port) });
const timer = setTimeout(() => socket.destroy(new Error("nobody answers")), CONNECT_TIMEOUT_MS);
socket.once("connect", () => {
  clearTimeout(timer);
  process.stdout.write("connected\n");
  socket.end(Buffer.alloc(Number(bytes)));
});
socket.on("error", () => process.exit(1)).resume();
