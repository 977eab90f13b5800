import { connect, createServer, type Socket } from "node:net";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { piecesInFlight, release, stamp } from "./delay.ts";

/**
 * `delaying-proxy.ts LISTEN-HOST TARGET-HOST PORT ROUND-TRIP-MS MEGABITS-PER-SECOND`: a TCP proxy that adds half a round
 * trip each way. It knows connections and not packets: the handshake costs its round trip, but the slow start of TCP is
 * that of two short ways, so that a connection is at full rate sooner than over a real distance.
 */

const [listenHost = "", targetHost = "", port = "", roundTripMs = "", megabitsPerSecond = ""] = process.argv.slice(2);
const delayMs = Number(roundTripMs) / 2;
const pieces = piecesInFlight(delayMs, Number(megabitsPerSecond));

async function carry(from: Socket, to: Socket): Promise<void> {
  await pipeline(from, stamp(delayMs, pieces), release, to);
}

async function proxy(client: Socket): Promise<void> {
  const target = connect({ host: targetHost, port: Number(port), allowHalfOpen: true, noDelay: true });
  // Errors before the pipelines listen for them.
  for (const socket of [client, target]) socket.on("error", () => undefined);
  // The kernel has shaken hands at once; over the distance, a first byte could leave only now.
  await sleep(Number(roundTripMs));
  // A pipeline that fails destroys both ends, which is what a lost connection looks like to each.
  await Promise.allSettled([carry(client, target), carry(target, client)]);
}

createServer({ allowHalfOpen: true, noDelay: true }, (client) => void proxy(client)).listen(
  Number(port),
  listenHost,
  () => process.stdout.write("listening\n"),
);
