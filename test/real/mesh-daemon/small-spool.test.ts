import { readdirSync, readlinkSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { MeshDaemon } from "./mesh-daemon.ts";
import { meshRig } from "./mesh-rig.ts";

const MIB = 2 ** 20;
/** NARs that are too large for the memory, and of which two have room at once. */
const LARGER_THAN_SPOOL = { pathCount: 6, fileCount: 24, fileSizeBytes: 4.5 * MIB };
const SPOOL_MIB = 40;
const LOOK_MS = 20;

/** Of the files without a name that a daemon has open. */
function spooledBytes({ pid, init }: MeshDaemon): number {
  const sizes = readdirSync(`/proc/${pid}/fd`).map((name) => {
    try {
      const file = `/proc/${pid}/fd/${name}`;
      return readlinkSync(file).startsWith(`${init.stateDir}/spool/`) ? statSync(file).size : 0;
    } catch {
      // It was closed meanwhile.
      return 0;
    }
  });
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** The most that any of them has on disk until the work ends. */
async function mostSpooledBytes(daemons: readonly MeshDaemon[], work: Promise<unknown>): Promise<number> {
  let isOver = false;
  const ended = work.finally(() => {
    isOver = true;
  });
  let most = 0;
  while (!isOver) {
    most = Math.max(most, ...daemons.map(spooledBytes));
    await sleep(LOOK_MS);
  }
  await ended;
  return most;
}

describe("a closure that is larger than the spool", () => {
  it("comes to one node after the other, whole, and takes no more of their disks than the flag says", async () => {
    const flags = { "spool-bytes": `${SPOOL_MIB}Mi` };
    await using mesh = await meshRig({ nodeCount: 2, closure: LARGER_THAN_SPOOL, flags });
    const daemons = mesh.nodes.map(({ daemon }) => daemon);
    for (const node of mesh.nodes) {
      const started = node.startPod(mesh.closure.root, [mesh.upstream.url]);
      const most = await mostSpooledBytes(daemons, started);
      expect(most).toBeGreaterThan(0);
      expect(most).toBeLessThanOrEqual(SPOOL_MIB * MIB);
      expect(node.pathCount(mesh.closure.root)).toBe(LARGER_THAN_SPOOL.pathCount);
      await mesh.verify(node);
    }
  });
});
