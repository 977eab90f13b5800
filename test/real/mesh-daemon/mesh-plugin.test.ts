import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync } from "node:fs";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { loadPrivateKey } from "@niphas/mesh";
import { freePort, TestNode, temporaryDirectory, waitUntil } from "@niphas/testing";
import { describe, expect, it } from "vitest";
import { never } from "../nix/node-store.ts";
import { publishPatiently, small } from "../scenarios/support.ts";
import { MeshDaemon } from "./mesh-daemon.ts";

/** Two machines with a plugin and a daemon each, as the chart runs them, and the first one's binary cache for both. */
async function twoMachines() {
  const stack = new AsyncDisposableStack();
  const ports = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const [firstMesh, secondMesh, firstNix, secondNix] = ports;
  const meshOf = (port: number) => ({ flags: { mesh: `http://127.0.0.1:${port}` } });
  const first = stack.use(await TestNode.create("mesh-plugin-", { plugin: meshOf(firstNix) }));
  const shared = { substituters: [first.cache.url], trustedPublicKeys: [first.upstream.publicKey] };
  const second = stack.use(await TestNode.create("mesh-plugin-", { plugin: { ...shared, ...meshOf(secondNix) } }));
  const places = [
    { node: first, listenPort: firstMesh, nixPort: firstNix },
    { node: second, listenPort: secondMesh, nixPort: secondNix },
  ];
  const entries = await Promise.all(
    places.map(async ({ node, listenPort }) => `${await newPeer(node)}@127.0.0.1:${listenPort}`),
  );
  const daemons: MeshDaemon[] = [];
  for (const { node, listenPort, nixPort } of places) {
    const daemon = stack.use(
      new MeshDaemon({
        stateDir: node.directory.join("mesh"),
        storeRootDir: `${node.plugin.stateDir}/store`,
        members: `static:${entries.join(",")}`,
        listenPort,
        upstreams: shared.substituters,
        trustedPublicKey: first.upstream.publicKey,
        flags: { substituter: `127.0.0.1:${nixPort}` },
      }),
    );
    await daemon.start();
    daemons.push(daemon);
  }
  return { first, second, daemons, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

async function newPeer(node: TestNode): Promise<string> {
  const stateDir = node.directory.join("mesh");
  mkdirSync(stateDir, { recursive: true });
  return peerIdFromPrivateKey(await loadPrivateKey(stateDir, never)).toString();
}

describe("a plugin with a mesh daemon beside it", () => {
  it("gets a closure from the neighbour, shows exactly it, and says so in its metrics", async () => {
    await using mesh = await twoMachines();
    const { first, second, daemons } = mesh;
    const closure = await first.addUpstream(small("shared"));
    expect(await publishPatiently(first, first.volume(), closure)).toMatchObject({ code: "OK" });
    expect(first.cache.narRequestCount).toBe(closure.paths.length);
    await waitUntil("the neighbour to be known to have it", async () => {
      const report = await daemons[1]?.why(closure.root.slice(11, 43));
      return report?.holders.some(({ hasIt }) => hasIt);
    });
    first.cache.clearLog();
    const volume = second.volume();
    expect(await publishPatiently(second, volume, closure)).toMatchObject({ code: "OK" });
    expect(first.cache.narRequestCount).toBe(0);
    expect(await second.problemsOf(volume, closure)).toEqual([]);
    const metrics = await (await fetch(`${second.plugin.healthUrl}/metrics`)).text();
    expect(metrics).toMatch(/niphas_fetched_bytes_total\{source="mesh"\} [1-9]/);
  });

  it("publishes as before when the daemon is killed", async () => {
    await using mesh = await twoMachines();
    const { first, second, daemons } = mesh;
    const closure = await first.addUpstream(small("alone"));
    await daemons[1]?.kill();
    const volume = second.volume();
    expect(await publishPatiently(second, volume, closure)).toMatchObject({ code: "OK" });
    expect(await second.problemsOf(volume, closure)).toEqual([]);
  });
});

/** As in the chart. */
const MESH_USER = 64_823;

it("a daemon that is an ordinary user serves the plugin's store through a read-only mount", async () => {
  await using stack = new AsyncDisposableStack();
  const node = stack.use(await TestNode.create("mesh-user-"));
  const closure = await node.addUpstream(small("served"));
  expect(await publishPatiently(node, node.volume(), closure)).toMatchObject({ code: "OK" });
  const directory = stack.use(temporaryDirectory("mesh-user"));
  const [storeRootDir, stateDir] = [directory.join("store"), directory.join("state")];
  for (const dir of [storeRootDir, stateDir]) mkdirSync(dir);
  chmodSync(directory.path, 0o755);
  chownSync(stateDir, MESH_USER, MESH_USER);
  execFileSync("mount", ["--bind", `${node.plugin.stateDir}/store`, storeRootDir]);
  stack.defer(() => void execFileSync("umount", [storeRootDir]));
  execFileSync("mount", ["-o", "remount,bind,ro", storeRootDir]);
  const daemon = stack.use(
    new MeshDaemon({
      stateDir,
      storeRootDir,
      members: "static:12D3KooWHTsSxeDwEXkttdQrux52hGMf5jsG3CgXAJep8AVCjv4n@127.0.0.1:9",
      listenPort: 0,
      upstreams: ["http://127.0.0.1:9"],
      trustedPublicKey: node.upstream.publicKey,
      wrapper: ["setpriv", `--reuid=${MESH_USER}`, `--regid=${MESH_USER}`, "--clear-groups", "--no-new-privs"],
    }),
  );
  await daemon.start();
  const narInfo = await (await fetch(`${daemon.substituterUrl}/${closure.root.slice(11, 43)}.narinfo`)).text();
  const [, url = ""] = /^URL: (.*)$/m.exec(narInfo) ?? [];
  const [, size = ""] = /^NarSize: (.*)$/m.exec(narInfo) ?? [];
  const nar = await (await fetch(`${daemon.substituterUrl}/${url}`)).bytes();
  expect(nar.byteLength).toBe(Number(size));
  expect(await daemon.kill("SIGTERM")).toEqual({ code: 0, signal: null });
});
