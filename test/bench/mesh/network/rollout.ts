import { join } from "node:path";
import type { ClosureOptions } from "@niphas/testing";
import { ClosureCaches, type Compression, MeshNetwork } from "../../../mesh/network/index.ts";
import type { RunControl } from "../../scenario.ts";

/** What the scenarios on a network of nodes share. */
export interface RolloutContext {
  readonly control: RunControl;
  /** The program that holds `niphas mesh`. */
  readonly bundleFile: string;
  /** Of the closure, uncompressed. 128, or 512 in a long run. */
  readonly closureMib: number;
}

const PATHS = 200;
const FILES = 2_000;
const BYTES_PER_MIB = 2 ** 20;
/** What cache.nixos.org's files are of their NARs is about 0.28. */
const COMPRESSIBLE_SHARE = 0.7;
/** Upstream is a slow line for all; nodes are near each other. */
const LINKS = { upstreamMbit: 50, upstreamRoundTripMs: 40, nodeMbit: 500 } as const;

/** Shape of a closure of 200 paths. */
export function rolloutShape(name: string, sizeMib: number, pathCount = PATHS): ClosureOptions {
  const fileCount = Math.ceil((FILES * pathCount) / PATHS);
  const fileSizeBytes = Math.floor((sizeMib * BYTES_PER_MIB) / fileCount);
  return { name, pathCount, fileCount, fileSizeBytes, compressibleShare: COMPRESSIBLE_SHARE };
}

/** The caches of one closure, in the run's directory; `name` is used once. */
export async function rolloutCaches({ control, closureMib }: RolloutContext, name: string): Promise<ClosureCaches> {
  control.report(`making a closure of ${PATHS} paths and ${closureMib} MiB`);
  return await ClosureCaches.create(join(control.directory, name), rolloutShape(name, closureMib));
}

/** A network of cold nodes. */
export async function rolloutNetwork(
  { control }: RolloutContext,
  caches: ClosureCaches,
  options: { readonly nodes: number; readonly compression: Compression },
): Promise<MeshNetwork> {
  const cacheDir = await caches.cacheDir(options.compression);
  return await MeshNetwork.start({ ...LINKS, nodes: options.nodes, cacheDir, signal: control.signal });
}
