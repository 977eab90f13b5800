import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type StorePath, storePathName } from "@niphas/core";
import {
  BinaryCacheServer,
  bundleNiphas,
  freePort,
  mountsAt,
  type TemporaryDirectory,
  waitUntil,
} from "@niphas/testing";
import { Builder } from "./builder.ts";
import { Container } from "./container.ts";
import { isExactly, lookInside } from "./inside.ts";
import { MARK } from "./leftovers.ts";
import { fetchFromNeighbour } from "./neighbour.ts";
import { DemoNode, type Published } from "./node.ts";
import { choosePlatform } from "./platform.ts";
import type { Timeline } from "./timeline.ts";

export interface ScenarioInit {
  readonly directory: TemporaryDirectory;
  readonly wantsHost: boolean;
}

/** The example's closure in a binary cache. */
interface Product {
  readonly root: StorePath;
  /** A path of the cache outside that closure. */
  readonly other: StorePath;
  readonly closure: readonly StorePath[];
  /** Of the closure, as NARs. */
  readonly narSizeBytes: number;
  readonly mainProgram: string;
  readonly publicKey: string;
}

const FLAKE = `path:${fileURLToPath(new URL("../nginx", import.meta.url))}`;
const SYSTEMS = ["x86_64-linux", "aarch64-linux"];
const OWN_SYSTEM = process.arch === "arm64" ? "aarch64-linux" : "x86_64-linux";
/** Slow enough that there is progress to see. */
const CACHE_BYTES_PER_SECOND = 1_000_000;

/** From the flake to an answer over HTTP, and back to nothing. */
export async function runScenario(timeline: Timeline, init: ScenarioInit): Promise<void> {
  await using owner = new AsyncDisposableStack();
  const { directory } = init;
  const cacheDir = directory.join("cache");
  const niphas = await timeline.step("bundle niphas, as images hold it", () => bundleNiphas(directory.join("niphas")));
  const product = await makeProduct(timeline, init, cacheDir);
  const cache = owner.use(await BinaryCacheServer.start(cacheDir));
  const sources = { niphas, substituter: cache.url, publicKey: product.publicKey };
  const node = await DemoNode.create({ ...init, ...sources }, "first", owner);
  const endpoint = await timeline.step(`start niphas csi in ${node.platform.name}`, () => node.start());
  timeline.detail(`registered with the kubelet: csi.niphas.io at ${endpoint}`);

  const volumes = await publishAll(timeline, node, product, cache);
  await serve(timeline, directory, product, volumes.cold);
  await lookAround(timeline, directory, product, volumes.cold);
  await fetchFromNeighbour(timeline, { ...init, ...product, niphas, first: node, cache });

  await timeline.step("unpublish all volumes", async () => {
    for (const volume of Object.values(volumes)) {
      await node.unpublish(volume);
    }
  });
  const what = "no root, mount, directory or process of a volume is left";
  timeline.check(what, node.remains.length === 0, node.remains.join(", "));
  const exit = await timeline.step("stop the plugin", () => node.plugin.kill("SIGTERM"));
  timeline.check("the plugin ended by itself with exit code 0", exit.code === 0, JSON.stringify(exit));
}

async function makeProduct(timeline: Timeline, init: ScenarioInit, cacheDir: string): Promise<Product> {
  // Nothing that is mounted while building has to be seen here.
  const { NIPHAS_SHARED_DIR: _, ...env } = choosePlatform(init.wantsHost, "").env;
  const platform = { ...choosePlatform(init.wantsHost, ""), env };
  const builder = new Builder(platform, { directory: init.directory.join("builder"), flake: FLAKE });
  const version = await builder.nixVersion();
  const mainPrograms = await timeline.step(`evaluate examples/nginx for ${SYSTEMS.join(" and ")} (${version})`, () =>
    evaluateAll(builder),
  );
  const [root, other] = await timeline.step("build: nginx and its libraries, from Debian's files", async () => [
    await builder.build("default"),
    await builder.build("other"),
  ]);
  const closure = await builder.closure(root);
  const narSizeBytes = closure.reduce((sum, path) => sum + path.sizeBytes, 0);
  timeline.detail(`${root}: ${closure.length} paths, ${(narSizeBytes / 2 ** 20).toFixed(1)} MiB`);
  mkdirSync(cacheDir, { recursive: true });
  const publicKey = await timeline.step("sign, push to the binary cache", () => builder.push([root, other], cacheDir));
  const mainProgram = mainPrograms.get(OWN_SYSTEM) ?? "";
  return { root, other, closure: closure.map(({ path }) => path), narSizeBytes, mainProgram, publicKey };
}

/** The main program by system. One after the other: they share a store. */
async function evaluateAll(builder: Builder): Promise<ReadonlyMap<string, string>> {
  const mainPrograms = new Map<string, string>();
  for (const system of SYSTEMS) {
    mainPrograms.set(system, (await builder.evaluate(system)).mainProgram);
  }
  return mainPrograms;
}

async function publishAll(
  timeline: Timeline,
  node: DemoNode,
  product: Product,
  cache: BinaryCacheServer,
): Promise<{ cold: Published; warm: Published; other: Published }> {
  cache.setFaults({ path: /^\/nar\//, bytesPerSecond: CACHE_BYTES_PER_SECOND });
  const cold = await timeline.step("publish, cold (the cache is slowed down on purpose)", () =>
    node.publish(product.root),
  );
  for (const message of cold.progress) {
    timeline.detail(`event: ${message}`);
  }
  timeline.check("each path came from the cache", cache.narRequestCount >= product.closure.length);
  cache.setFaults();
  cache.clearLog();
  const warm = await node.publish(product.root);
  timeline.measured("publish, warm: another pod, the same closure", warm.durationMs);
  timeline.check("the second pod needed nothing from the cache", cache.requests.length === 0);
  const other = await timeline.step("publish another team's closure", () => node.publish(product.other));
  return { cold, warm, other };
}

async function serve(
  timeline: Timeline,
  directory: TemporaryDirectory,
  product: Product,
  { volume }: Published,
): Promise<void> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const argv: [string] = [`${product.root}/bin/${product.mainProgram}`];
  const env = { PORT: String(port), [MARK]: directory.path };
  const spec = { rootDir: directory.join("container"), volumeDir: volume.targetPath, argv, env };
  await using container = Container.start(spec);
  const response = await timeline.step("start the server in a root that holds only the volume: first answer", () =>
    waitUntil("an answer from the server", () => tryFetch(url, container)),
  );
  const body = await response.text();
  timeline.detail(`GET ${url}: ${response.status}, "${/<h1>(.*)<\/h1>/.exec(body)?.[1] ?? body}"`);
  const servedFrom = response.headers.get("x-served-from");
  timeline.check("the answer comes from the closure", servedFrom === product.root, String(servedFrom));
}

async function tryFetch(url: string, container: Container): Promise<Response | undefined> {
  if (!container.isRunning) {
    throw new Error(`the server ended: ${container.logs.tail()}`);
  }
  // Refused until the server listens.
  return fetch(url).catch(() => undefined);
}

async function lookAround(
  timeline: Timeline,
  directory: TemporaryDirectory,
  product: Product,
  { volume }: Published,
): Promise<void> {
  const busybox = product.closure.find((path) => storePathName(path) === "busybox") ?? "";
  const rootDir = directory.join("container");
  const init = { rootDir, volumeDir: volume.targetPath, busybox, root: product.root, other: product.other };
  const inside = await timeline.step("what a process in there sees", () => lookInside(init));
  timeline.detail(`it is ${inside.identity}`);
  timeline.detail(`/           ${inside.rootEntries.join("  ")}`);
  timeline.detail(`/nix/store  ${inside.storePaths.join("\n            ")}`);
  timeline.check("exactly the closure", isExactly(inside, product.closure));
  const options = inside.mountOptions.join(",");
  timeline.check(`mounted ${options}`, isSealed(inside.mountOptions), "expected ro,nosuid,nodev");
  timeline.check(`a write is refused: ${inside.writeError}`, /read-only/i.test(inside.writeError));
  timeline.check(`another team's path: ${inside.otherPathError}`, /no such file/i.test(inside.otherPathError));
  timeline.check("root on the host cannot write either", refusesWrites(volume.targetPath));
  const onHost = mountsAt(volume.targetPath);
  const flags = onHost.map((mount) => mount.options.join(",")).join(" and ");
  timeline.check(`the host sees one mount, ${flags}`, onHost.length === 1 && onHost.every((m) => isSealed(m.options)));
}

function isSealed(options: readonly string[]): boolean {
  return ["ro", "nosuid", "nodev"].every((option) => options.includes(option));
}

function refusesWrites(directory: string): boolean {
  try {
    writeFileSync(join(directory, "file"), "");
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EROFS";
  }
}
