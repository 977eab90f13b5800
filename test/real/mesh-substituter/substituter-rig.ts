import { readFileSync, writeFileSync } from "node:fs";
import { hasTrustedSignature, parseTrustedKey, type StorePath } from "@niphas/core";
import {
  createSubstituterApp,
  createUpstreams,
  type NarSource,
  type SubstituterEvent,
  SubstituterListener,
  UpstreamSet,
  UpstreamSources,
} from "@niphas/mesh";
import { BinaryCacheServer, type ClosureOptions, runCommand, TestStore, temporaryDirectory } from "@niphas/testing";
import { nodeStore } from "../nix/node-store.ts";

export type Compression = "none" | "xz" | "zstd" | "gzip" | "bzip2";

export interface RigInit {
  readonly compression?: Compression;
  readonly closure?: Partial<ClosureOptions>;
  /** Puts something between the substituter and its NARs. */
  readonly wrapNars?: (nars: NarSource) => NarSource;
  /** A second substituter of the node that has everything too. @default false */
  readonly withSecondCache?: boolean;
}

/**
 * A closure in a binary cache, a substituter that has nothing but that cache behind it, and a node whose Nix asks the
 * substituter.
 */
export async function substituterRig(init: RigInit = {}) {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(temporaryDirectory("substituter"));
  const source = await TestStore.create(directory.join("source"));
  const closure = await source.addClosure({ name: "app", pathCount: 6, fileCount: 40, ...init.closure });
  const cacheDir = directory.join("cache");
  await source.copyToCache(cacheDir, []);
  const url = `file://${cacheDir}?compression=${init.compression ?? "none"}`;
  await source.nix(["copy", "--no-check-sigs", "--from", source.location.rootDir, "--to", url, closure.root]);
  const upstream = stack.use(await BinaryCacheServer.start(cacheDir));
  const key = parseTrustedKey(source.publicKey);
  const upstreams = new UpstreamSet(
    {
      upstreams: createUpstreams({ urls: [upstream.url], stallTimeoutMs: 1_000 }),
      isTrusted: (info) => hasTrustedSignature(info, new Map([[key.name, key]])),
    },
    { answerTimeoutMs: 500, pause: { firstMs: 10, maxMs: 50 } },
  );
  stack.use(upstreams);
  const sources = new UpstreamSources({ upstreams });
  const events: SubstituterEvent[] = [];
  const app = createSubstituterApp({
    narInfos: sources,
    nars: init.wrapNars?.(sources) ?? sources,
    sideFiles: sources,
    observe: (event) => events.push(event),
  });
  const listener = stack.use(new SubstituterListener({ app }, { address: { host: "127.0.0.1", port: 0 } }));
  const { port } = await listener.start();
  const substituter = `http://127.0.0.1:${port}`;
  const second = stack.use(await BinaryCacheServer.start(cacheDir));
  const substituters = [substituter, ...(init.withSecondCache === true ? [second.url] : [])];
  const node = stack.use(await nodeStore({ substituters, stalledDownloadTimeoutSeconds: 30 }));
  const narInfoFile = (path: StorePath) => `${cacheDir}/${path.slice(11, 43)}.narinfo`;
  return {
    directory,
    source,
    closure,
    upstream,
    second,
    substituter,
    node,
    /** What the substituter's answers came to, each once. */
    outcomes: () => [...new Set(events.map((event) => `${event.request} ${event.outcome}`))].sort(),
    realise: () => node.realiser.realise([closure.root], { signal: AbortSignal.timeout(200_000) }),
    /** Those paths of the closure that the node's store has, by their root's id. */
    pathCount: () => node.database.closureSize([closure.root]).pathCount,
    editNarInfo: (path: StorePath, edit: (text: string) => string): void => {
      writeFileSync(narInfoFile(path), edit(readFileSync(narInfoFile(path), "utf8")));
    },
    /** Verifies the node's files against the signed hashes. */
    verify: () => runCommand(["nix-store", "--store", node.settings.store.rootDir, "--verify-path", ...closure.paths]),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** One path that is larger than what is held back until it is verified. */
export const LARGE: Partial<ClosureOptions> = { pathCount: 1, fileCount: 24, fileSizeBytes: 1_000_000 };
