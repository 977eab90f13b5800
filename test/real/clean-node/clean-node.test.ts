import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  makeSharedMount,
  mountsBelow,
  needs,
  type PodVolume,
  runCommand,
  type TestClosure,
  TestNode,
} from "@niphas/testing";
import { afterEach, beforeEach, expect, it } from "vitest";

const CLI = join(import.meta.dirname, "../../../packages/cli/src/bin/niphas.js");
const SMALL = { name: "clean", pathCount: 4, fileCount: 20 };

let node: TestNode;
let closure: TestClosure;
let volumes: readonly PodVolume[];

beforeEach((test) => needs(test, "root", "private mount namespace", "nix-store"));
afterEach(async () => node?.[Symbol.asyncDispose]());

/** A node whose plugin has published three volumes, on two kinds of views, beside a mesh daemon, and was then killed. */
async function abandonedNode(prepare?: (directory: string) => Promise<void>): Promise<void> {
  node = await TestNode.create("clean-", {
    prepare: async (directory) => {
      for (const name of ["state", "kubelet"]) mkdirSync(directory.join(name), { mode: 0o700 });
      await prepare?.(directory.path);
    },
  });
  closure = await node.addUpstream(SMALL);
  volumes = [node.volume(), node.volume(), node.volume()];
  for (const [index, volume] of volumes.entries()) {
    const view = index === 0 ? "tree" : "auto";
    expect(await node.publish(volume, { storePath: closure.root, view })).toMatchObject({ code: "OK" });
  }
  mkdirSync(join(node.plugin.stateDir, "mesh"));
  writeFileSync(join(node.plugin.stateDir, "mesh/peer.key"), "");
  await node.plugin.kill("SIGKILL");
}

async function cleanNode(...extra: readonly string[]) {
  return cleanNodeBy([], ...extra);
}

async function cleanNodeBy(wrapper: readonly string[], ...extra: readonly string[]) {
  const { stateDir, kubeletDir } = node.plugin;
  const flags = [`--state-dir=${stateDir}`, `--kubelet-dir=${kubeletDir}`, ...extra];
  return runCommand([...wrapper, process.execPath, CLI, "clean-node", ...flags], {
    env: { PATH: process.env["PATH"] },
    allowFailure: true,
  });
}

/** Around the two directories of the host all is read-only, as in a container. */
function likeInPod(): readonly string[] {
  const script = `set -e
    mount -t tmpfs aside /mnt; mkdir /mnt/state /mnt/kubelet
    mount --rbind "$2" /mnt/state; mount --rbind "$3" /mnt/kubelet
    mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"
    mount --rbind /mnt/state "$2"; mount --rbind /mnt/kubelet "$3"
    shift 3; exec "$@"`;
  return ["sh", "-c", script, "sh", node.directory.path, node.plugin.stateDir, node.plugin.kubeletDir];
}

function expectKubeletDirClean(): void {
  const { kubeletDir, registrationDir, socketPath } = node.plugin;
  expect(mountsBelow(join(kubeletDir, "pods"))).toEqual([]);
  expect(node.audit().targetDirs).toEqual([]);
  expect(readdirSync(registrationDir)).toEqual([]);
  expect(existsSync(join(socketPath, ".."))).toBe(false);
}

it("clean-node removes all that a killed plugin has left", async () => {
  await abandonedNode();
  const viewMounts = mountsBelow(node.plugin.stateDir).length;
  const result = await cleanNode();
  expect(result).toMatchObject({ exitCode: 0, stdout: "" });
  expect(result.stderr).toBe(`volumes unmounted: 3; views unmounted: ${viewMounts}; ${node.plugin.stateDir} removed\n`);
  expect(existsSync(node.plugin.stateDir)).toBe(false);
  expect(mountsBelow(node.plugin.stateDir)).toEqual([]);
  expectKubeletDirClean();
});

it("clean-node leaves what is the kubelet's beside a volume, and has nothing to do a second time", async () => {
  await abandonedNode();
  await cleanNode();
  for (const { volumeDir } of volumes) expect(readdirSync(volumeDir)).toEqual(["vol_data.json"]);
  expect(await cleanNode()).toMatchObject({
    exitCode: 0,
    stderr: `${node.plugin.stateDir} does not exist: nothing to clean\n`,
  });
});

it("clean-node refuses while a plugin works there, and changes nothing", async () => {
  await abandonedNode();
  await node.plugin.start();
  const state = () => ({ ...node.audit(), helperProcesses: [], sockets: readdirSync(node.plugin.registrationDir) });
  const before = state();
  expect(await cleanNode()).toMatchObject({
    exitCode: 5,
    stderr: expect.stringContaining(`another niphas csi works on ${node.plugin.stateDir}`),
  });
  expect(state()).toEqual(before);
  expect(before).toMatchObject({ podMounts: { length: 3 }, rootOwners: { length: 3 }, sockets: { length: 1 } });
  expect(await node.problemsOf(volumes[0] ?? node.volume(), closure)).toEqual([]);
});

it.each([
  "store/nix/store",
  "views",
  "cache/deep/down",
])("clean-node refuses when something foreign is mounted at %s, and unmounts and deletes nothing", async (place) => {
  await abandonedNode();
  const mountPoint = join(node.plugin.stateDir, place);
  mkdirSync(mountPoint, { recursive: true });
  await runCommand(["mount", "-t", "tmpfs", "niphas-test", mountPoint]);
  writeFileSync(join(mountPoint, "precious"), "");
  const before = mountsBelow(node.directory.path);
  expect(await cleanNode()).toMatchObject({ exitCode: 5, stderr: expect.stringContaining(`: ${mountPoint}: unmount`) });
  expect(existsSync(join(mountPoint, "precious"))).toBe(true);
  expect(mountsBelow(node.directory.path)).toEqual(before);
  await runCommand(["umount", mountPoint]);
  expect(await cleanNode()).toMatchObject({ exitCode: 0 });
  expect(existsSync(node.plugin.stateDir)).toBe(false);
});

it("clean-node --keep-store leaves a store that a new plugin takes, and no roots that hold it", async () => {
  await abandonedNode();
  const result = await cleanNode("--keep-store");
  expect(result).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("stays") });
  expect(readdirSync(node.plugin.stateDir).sort()).toEqual(["boot.json", "lock.sqlite", "store"]);
  expect(node.audit()).toMatchObject({ rootOwners: [], podMounts: [], views: [] });
  expectKubeletDirClean();
  mkdirSync(join(node.plugin.socketPath, ".."), { recursive: true });
  await node.plugin.start();
  node.cache.setFaults({ path: /./, status: 500 });
  const volume = node.volume();
  expect(await node.publish(volume, closure.root)).toMatchObject({ code: "OK" });
  expect(await node.problemsOf(volume, closure)).toEqual([]);
  await node.plugin.kill("SIGKILL");
  expect(await cleanNode()).toMatchObject({ exitCode: 0 });
  expect(existsSync(node.plugin.stateDir)).toBe(false);
});

it("clean-node finds a volume whose view is no longer mounted", async () => {
  await abandonedNode();
  for (const { mountPoint } of mountsBelow(join(node.plugin.stateDir, "views"))) {
    await runCommand(["umount", "-l", mountPoint]);
  }
  expect(await cleanNode()).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("volumes unmounted: 3;") });
  expectKubeletDirClean();
});

it("clean-node deletes nothing behind a link, and nothing that is not the plugin's", async () => {
  await abandonedNode();
  const elsewhere = node.directory.join("elsewhere");
  mkdirSync(join(elsewhere, "nix/var/nix/gcroots/niphas/kept"), { recursive: true });
  const { stateDir } = node.plugin;
  rmSync(join(stateDir, "cache"), { recursive: true });
  symlinkSync(elsewhere, join(stateDir, "cache"));
  symlinkSync(elsewhere, join(stateDir, "views/link"));
  mkdirSync(join(stateDir, "run"));
  writeFileSync(join(stateDir, "notes.txt"), "");
  expect(await cleanNode()).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining("stays, since it holds what is not the plugin's: notes.txt, run"),
  });
  expect(readdirSync(stateDir).sort()).toEqual(["notes.txt", "run"]);
  expect(existsSync(join(elsewhere, "nix/var/nix/gcroots/niphas/kept"))).toBe(true);
});

it("clean-node refuses a directory in which no plugin has worked", async () => {
  await abandonedNode();
  const other = node.directory.join("other");
  mkdirSync(join(other, "cache/precious"), { recursive: true });
  expect(await cleanNode(`--state-dir=${other}`)).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("is not a state directory of niphas csi: nothing was deleted"),
  });
  expect(existsSync(join(other, "cache/precious"))).toBe(true);
  expect(existsSync(join(other, "lock.sqlite"))).toBe(false);
  expect(await cleanNode(`--kubelet-dir=${other}/none`)).toMatchObject({ exitCode: 2 });
});

it("clean-node refuses a state directory that is read-only, and changes nothing", async () => {
  await abandonedNode();
  const { stateDir } = node.plugin;
  await runCommand(["mount", "--rbind", stateDir, stateDir]);
  await runCommand(["mount", "-o", "remount,bind,ro", stateDir]);
  const state = () => ({ mounts: mountsBelow(node.directory.path), ...node.audit(), helperProcesses: [] });
  const before = state();
  expect(await cleanNode()).toMatchObject({
    exitCode: 8,
    stderr: expect.stringContaining(`cannot lock ${stateDir}: check that it is a writable directory`),
  });
  expect(state()).toEqual(before);
  await runCommand(["umount", "--recursive", "--lazy", stateDir]);
  expect(await cleanNode()).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("volumes unmounted: 3;") });
  expect(existsSync(stateDir)).toBe(false);
  expectKubeletDirClean();
});

it("clean-node in a mount namespace of its own, as in a pod, unmounts on the host and empties the directory", async () => {
  await abandonedNode(async (directory) => {
    for (const name of ["state", "kubelet"]) await makeSharedMount(join(directory, name));
  });
  const result = await cleanNodeBy(["unshare", "--mount", "--propagation", "unchanged", "--", ...likeInPod()]);
  expect(result).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("volumes unmounted: 3;") });
  expect(result.stderr).toContain(`${node.plugin.stateDir} emptied; it is a mount point and stays`);
  expect(readdirSync(node.plugin.stateDir)).toEqual([]);
  expect(mountsBelow(node.plugin.stateDir).map(({ mountPoint }) => mountPoint)).toEqual([node.plugin.stateDir]);
  expectKubeletDirClean();
});
