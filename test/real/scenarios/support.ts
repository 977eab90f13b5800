import { readdirSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  type CacheFault,
  type ClosureOptions,
  type FakeKubelet,
  mountsAt,
  type PodVolume,
  type RpcOutcome,
  type TestClosure,
  type TestNode,
  waitUntil,
} from "@niphas/testing";
import { expect } from "vitest";

/** What every scenario needs of the machine. */
export const MACHINE = ["root", "private mount namespace", "nix-store"] as const;

/** A closure that is fetched and read in no time. */
export function small(name: string): ClosureOptions {
  return { name, pathCount: 5, fileCount: 20 };
}

/** A closure of about 200 kB per path, for downloads that are slowed down. */
export function bulky(name: string): ClosureOptions {
  return { name, pathCount: 3, fileCount: 12, fileSizeBytes: 50_000 };
}

/** Every NAR comes so slowly that no bulky closure is there before the faults are taken away. */
export const TRICKLE: CacheFault = { path: /^\/nar\//, bytesPerSecond: 4000 };

/** Nothing of any volume is left: I3 and I4 of the catalogue. */
export function expectNothingLeft(node: TestNode): void {
  expect(node.audit()).toMatchObject({ rootOwners: [], podMounts: [], targetDirs: [], helperProcesses: [] });
}

/** Exactly these volumes are published: one root and one mount each, and nothing else. */
export function expectPublished(node: TestNode, volumes: readonly PodVolume[]): void {
  const { rootOwners, podMounts } = node.audit();
  expect(rootOwners).toEqual(volumes.map((volume) => volume.volumeId).sort());
  expect([...podMounts].sort()).toEqual(volumes.map((volume) => volume.targetPath).sort());
}

/** Waits until the janitor has brought the node to this state. */
export async function untilPublished(node: TestNode, volumes: readonly PodVolume[]): Promise<void> {
  const wanted = volumes.map((volume) => volume.volumeId).sort();
  await waitUntil(`roots of ${volumes.length} volumes`, () => {
    const { rootOwners, podMounts } = node.audit();
    return rootOwners.join() === wanted.join() && podMounts.length === wanted.length;
  }).catch(() => undefined);
  expectPublished(node, volumes);
}

/** Two running pods with a volume `nix` of the same closure; their uids. */
export async function twoPods(kubelet: FakeKubelet, closure: TestClosure): Promise<readonly [string, string]> {
  const volumes = { nix: { attributes: { storePath: closure.root } } };
  const uids = [kubelet.addPod({ volumes }), kubelet.addPod({ volumes })] as const;
  for (const uid of uids) await kubelet.mounted(uid);
  return uids;
}

/** Asks again, as the kubelet would, while the plugin still fetches or verifies; gives its final answer. */
export async function publishPatiently(node: TestNode, volume: PodVolume, closure: TestClosure): Promise<RpcOutcome> {
  return waitUntil("a final answer", async () => {
    const answer = await node.publish(volume, closure.root);
    return answer.code === "UNAVAILABLE" ? undefined : answer;
  });
}

/** Identity of the one mount at the volume's target; it changes with every new mount. */
export function mountIdOf(volume: PodVolume): number {
  const mounts = mountsAt(volume.targetPath);
  expect(mounts).toHaveLength(1);
  return mounts[0]?.mountId ?? 0;
}

/** Everything that the plugin keeps on disk for a volume, with times: equal before and after means untouched. */
export function rootsOnDisk(node: TestNode, volume: PodVolume): readonly string[] {
  const dir = join(node.plugin.stateDir, "store/nix/var/nix/gcroots/niphas", volume.volumeId);
  return readdirSync(dir)
    .sort()
    .map((name) => {
      const path = join(dir, name);
      return name.endsWith(".json") ? `${name} ${statSync(path).mtimeMs}` : `${name} ${readlinkSync(path)}`;
    });
}

/** The plugin's log records so far, without debug chatter. */
export function logCount(node: TestNode): number {
  return node.plugin.logs.records.filter((record) => record.level >= 30).length;
}
