import { readFileSync } from "node:fs";
import type { PodVolume } from "@niphas/testing";
import { repeat } from "../scenario.ts";
import type { PublishScenario } from "./publish-scenario.ts";

const VOLUMES = 500;
const KIB_PER_MIB = 1024;

/** What the plugin's process holds in memory with 500 volumes of two closures, whose views it has built itself. */
export const memory: PublishScenario = {
  rowIds: ["memory"],
  run: async (context) => {
    const { control, small, large } = context;
    await context.forgetViews();
    await using rig = await context.startPlugin("composefs");
    const atStart = statusMib(rig.plugin.pid, "VmRSS");
    const volumes: PodVolume[] = [];
    await repeat("volumes held", VOLUMES, control, async (index) => {
      const volume = rig.newVolume();
      volumes.push(volume);
      await rig.publish(volume, index % 2 === 0 ? small.root : large.root);
    });
    const held = statusMib(rig.plugin.pid, "VmRSS");
    const peak = statusMib(rig.plugin.pid, "VmHWM");
    for (const volume of volumes) await rig.unpublish(volume);
    return [{ id: "memory", samples: [held], peers: { atStart, peak } }];
  },
};

/** A size from /proc/PID/status, see proc_pid_status(5). */
function statusMib(pid: number, field: "VmRSS" | "VmHWM"): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(match?.[1] ?? Number.NaN) / KIB_PER_MIB;
}
