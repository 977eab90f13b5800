import { setTimeout as sleep } from "node:timers/promises";
import type { ClusterNode } from "../../cluster/index.ts";
import type { PodsContext } from "./context.ts";
import { processesOf, readProcessFile, sizeField } from "./node-processes.ts";
import { PodCrowd } from "./pod-crowd.ts";
import type { PodScenario } from "./pod-scenario.ts";
import { CROWD } from "./pod-start-40.ts";

const SETTLE_MS = 10_000;
const WINDOW_MS = 60_000;
const MIB = 2 ** 20;
/** USER_HZ, the same on every architecture that Node.js supports; see proc_pid_stat(5). */
const TICKS_PER_SECOND = 100;

/** What the plugin costs while forty pods run and nothing happens: itself, and children that have ended. */
export const nodeIdle: PodScenario = {
  rowIds: ["node-idle", "node-idle-memory"],
  run: async (context) => {
    const { control, node } = context;
    const pid = await pluginProcess(context);
    await using _crowd = await PodCrowd.start(context, "niphas", CROWD);
    const afterStart = residentMib(node, pid, "VmRSS");
    await sleep(SETTLE_MS, undefined, { signal: control.signal });
    const before = cpuSeconds(node, pid);
    const startedAtMs = performance.now();
    await sleep(control.repeats(WINDOW_MS, SETTLE_MS), undefined, { signal: control.signal });
    const seconds = (performance.now() - startedAtMs) / 1000;
    const percent = (100 * (cpuSeconds(node, pid) - before)) / seconds;
    const idle = residentMib(node, pid, "VmRSS");
    const peak = residentMib(node, pid, "VmHWM");
    return [
      { id: "node-idle", samples: [percent], peers: { seconds } },
      { id: "node-idle-memory", samples: [idle], peers: { afterStart, peak } },
    ];
  },
};

/** The plugin, which is the first process of its container. */
async function pluginProcess({ node }: PodsContext): Promise<number> {
  const { stdout } = await node.exec(["crictl", "ps"], { check: true });
  const line = stdout
    .split("\n")
    .find((each) => / CONTAINER_RUNNING niphas-system\/niphas-node-\S+ plugin$/.test(each));
  const [pid] = processesOf(node, [line?.split(" ")[0] ?? "no container"]);
  if (pid === undefined) throw new Error("no plugin runs");
  return pid;
}

/** utime, stime, cutime and cstime of all threads: fields 14 to 17. */
function cpuSeconds(node: ClusterNode, pid: number): number {
  const stat = readProcessFile(node, pid, "stat");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND;
}

function residentMib(node: ClusterNode, pid: number, field: "VmRSS" | "VmHWM"): number {
  return sizeField(readProcessFile(node, pid, "status"), field) / MIB;
}
