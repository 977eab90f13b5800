import { mkdirSync } from "node:fs";
import { temporaryDirectory } from "@niphas/testing";
import { MeshNetwork } from "../../mesh/network/index.ts";

/**
 * `holder.ts`: makes a network with a frozen daemon in it, says where its directory is, and waits to be killed.
 */

const { signal } = new AbortController();
const cache = temporaryDirectory("mesh-network-cache");
mkdirSync(cache.join("nar"));
const net = await MeshNetwork.start({
  nodes: 2,
  upstreamMbit: 50,
  upstreamRoundTripMs: 40,
  cacheDir: cache.path,
  signal,
});
const daemon = await net.node(1).startDaemon(["sleep", "infinity"], { signal });
daemon.freeze();
await cache[Symbol.asyncDispose]();
process.stdout.write(`${net.directory.path}\n`);
setInterval(() => undefined, 1_000_000);
