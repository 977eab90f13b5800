import { once } from "node:events";
import { readFileSync } from "node:fs";
import { parseStorePath, parseTrustedKey, toNiphasError } from "@niphas/core";
import {
  createRealiser,
  HttpNeighbours,
  initialiseStore,
  NixRunner,
  type NixSettings,
  openStoreDatabase,
} from "@niphas/nix";
import type { RealiseReport, RealiseRequest } from "./realise-request.ts";

/**
 * `realise-program.ts REQUEST`: what the node plugin does to fetch a closure, and nothing else. Says `ready` when
 * Node.js has started and the store is there, begins when a line comes in, and prints a {@link RealiseReport}.
 */

/** As `niphas csi` sets them. */
const PLUGIN_SETTINGS = {
  netrcFile: undefined,
  maxJobs: 16,
  connectTimeoutSeconds: 5,
  stalledDownloadTimeoutSeconds: 10,
  realiseTimeoutMs: 60 * 60_000,
} as const;

const request: RealiseRequest = JSON.parse(process.argv[2] ?? "");
const { signal } = new AbortController();
const settings: NixSettings = {
  ...PLUGIN_SETTINGS,
  store: { rootDir: request.storeDir },
  cacheDir: request.cacheDir,
  substituters: request.substituters,
  trustedKeys: request.trustedPublicKeys.map(parseTrustedKey),
};

async function realise(): Promise<RealiseReport> {
  const nix = new NixRunner(settings);
  await initialiseStore(nix, signal);
  const database = openStoreDatabase(settings.store);
  const neighbours = request.mesh === undefined ? undefined : new HttpNeighbours({ url: request.mesh });
  let meshLost: string | undefined;
  const onNeighboursLost = ({ message }: Error): void => {
    meshLost = message;
  };
  const realiser = createRealiser({ nix, database, neighbours }, { onNeighboursLost });
  try {
    process.stdout.write("ready\n");
    await once(process.stdin, "data");
    const startedAtMs = performance.now();
    await realiser.realise([parseStorePath(request.root)], { signal });
    const elapsedMs = performance.now() - startedAtMs;
    return { kind: "realised", elapsedMs, meshLost, nixProcessorMs: childrenProcessorMs() };
  } catch (error) {
    const { code, message } = toNiphasError(error);
    return { kind: "failed", code, message };
  } finally {
    database.close();
  }
}

/** Of children that have ended: cutime and cstime of proc_pid_stat(5), in ticks of 10 ms. */
function childrenProcessorMs(): number {
  const stat = readFileSync("/proc/self/stat", "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

process.stdout.write(`${JSON.stringify(await realise())}\n`);
process.exit(0);
