import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { runCommand } from "@niphas/testing";
import type { ClusterNode } from "../../cluster/index.ts";
import { workerPod } from "../core/support.ts";
import { STATE_DIR } from "../oracles/node-state.ts";
import { untilPluginIsReady } from "./plugin.ts";
import { assertUnharmed, newClosure, type Scene, untilGone } from "./scene.ts";
import { survival } from "./survival.ts";

const FILLER = `${STATE_DIR}/filler`;
const BYTES = 8 * 2 ** 20;
const FILL_TIMEOUT_MS = 240_000;

/** Ends with "no space left": first nearly all at once, then what is left. */
const FILL_BYTES = `mkdir ${FILLER}
fallocate -l $(df --output=avail -B1 ${STATE_DIR} | tail -n 1) ${FILLER}/most
dd if=/dev/zero of=${FILLER}/rest bs=64K || true`;
/** Empty files, until there is no inode for one more. */
const FILL_INODES = `mkdir ${FILLER}
perl -e 'for ($i = 0; open(my $file, ">", "${FILLER}/$i"); $i++) {}'`;

export const diskCases = [
  survival({
    name: "the disk of the store is full: pods live on and can go; with room again, what waited starts",
    nodeNumber: 1,
    disturb: async (scene) => withFullDisk(scene, FILL_BYTES, /ResourceExhausted desc = .*is full/),
  }),
  survival({
    name: "the disk of the store has no inodes left: pods live on and can go; with room again, what waited starts",
    nodeNumber: 1,
    timeoutMs: 600_000,
    disturb: async (scene) => withFullDisk(scene, FILL_INODES, /ResourceExhausted desc = .*inodes/),
  }),
  survival({
    name: "the disk of the store turns read-only: pods live on and can go; after a repair and a boot all is as before",
    nodeNumber: 3,
    harm: "rebooted",
    timeoutMs: 600_000,
    disturb: withReadOnlyDisk,
  }),
];

async function withFullDisk(scene: Scene, fill: string, refusal: RegExp): Promise<void> {
  const { context, node } = scene;
  const { namespace, progress } = context;
  const { root } = await newClosure(context, BYTES);
  await startLeaver(scene);
  try {
    await progress.step("fill it", () => node.exec(["sh", "-c", fill], { timeoutMs: FILL_TIMEOUT_MS }));
    await namespace.apply(workerPod("waiting", root, node.name));
    progress.note(await namespace.event("waiting", refusal));
    await assertUnharmed(scene);
    await letGo(scene);
  } finally {
    await progress.step("make room", () =>
      node.exec(["rm", "-rf", FILLER], { check: true, timeoutMs: FILL_TIMEOUT_MS }),
    );
  }
  await progress.step("what waited starts", () => namespace.ready("waiting", { timeoutMs: FILL_TIMEOUT_MS }));
}

async function withReadOnlyDisk(scene: Scene): Promise<void> {
  const { context, node } = scene;
  const { namespace, progress } = context;
  const device = await deviceOf(node);
  const image = readFileSync(`/sys/block/${device}/loop/backing_file`, "utf8").trim();
  const { root } = await newClosure(context);
  await startLeaver(scene);
  await node.exec(["mount", "-o", "remount,errors=remount-ro", STATE_DIR], { check: true });
  // What the kernel does when a disk fails: every write is refused, also to files that are open.
  writeFileSync(`/sys/fs/ext4/${device}/trigger_fs_error`, "test");
  try {
    assert.notEqual((await node.exec(["mkdir", FILLER])).exitCode, 0, "it can still be written to");
    await namespace.apply(workerPod("waiting", root, node.name));
    progress.note(await namespace.event("waiting", /Unavailable desc = .*read-only/));
    await assertUnharmed(scene);
    await letGo(scene);
  } finally {
    // Not ended by the case's signal: the next case needs the node.
    await node.switchOff();
    // Exit code 1 says that it mended something.
    await runCommand(["e2fsck", "-fy", image], { allowFailure: true });
    await progress.step("a repair and a boot", () => node.reboot());
  }
  await progress.step("the plugin is ready", () => untilPluginIsReady(context, node));
  await progress.step("what waited starts", () => namespace.ready("waiting"));
}

/** A pod that will be deleted while the disk is unusable. */
async function startLeaver({ context: { namespace, closures }, node }: Scene): Promise<void> {
  await namespace.apply(workerPod("leaving", closures.worker.root, node.name));
  await namespace.ready("leaving");
}

async function letGo({ context }: Scene): Promise<void> {
  await context.namespace.run(["delete", "pod", "leaving", "--wait=false"]);
  await context.progress.step("a pod goes meanwhile", () => untilGone(context, "leaving"));
}

/** `loop7` */
async function deviceOf(node: ClusterNode): Promise<string> {
  const { stdout } = await node.exec(["findmnt", "--noheadings", "--output", "SOURCE", STATE_DIR], { check: true });
  return basename(stdout.trim());
}
