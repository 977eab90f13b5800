import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Measurement } from "../../rows.ts";
import type { MeshScenario } from "../mesh-scenario.ts";
import { type DaemonInit, DaemonProcess } from "./daemon-process.ts";
import { filledStore } from "./filled-store.ts";
import { type IdleFigures, measureIdle } from "./idle.ts";
import { PeersProcess } from "./peers-process.ts";

const PATHS = 100_000;
const FEW_PATHS = 10_000;
const PEERS = 100;
const PEERS_PER_PROCESS = 25;
/** After the last summary has come: what was only needed for that goes. */
const SETTLE_MS = 30_000;
const IDLE_MS = 120_000;
const QUICK_IDLE_MS = 10_000;

/**
 * Two daemons at rest beside each other, one with a large store and one with a small one, and the same 100 peers, each
 * with 100,000 paths of its own.
 */
export const footprint: MeshScenario = {
  rowIds: ["footprint-memory", "footprint-cpu", "footprint-growth"],
  run: async ({ control, bundleFile }) => {
    const { signal } = control;
    const directory = join(control.directory, "footprint");
    await using stack = new AsyncDisposableStack();
    const prepare = async (name: string, pathCount: number): Promise<DaemonProcess> => {
      const store = await filledStore(join(directory, name, "store"), pathCount);
      const init: DaemonInit = { directory: join(directory, name, "daemon"), bundleFile, store, signal };
      return stack.use(await DaemonProcess.prepare(init));
    };
    const [large, small] = [await prepare("large", PATHS), await prepare("small", FEW_PATHS)];
    const peersInit = { peerCount: PEERS_PER_PROCESS, pathsPerPeer: PATHS, daemons: [large.member, small.member] };
    const groups = Array.from({ length: PEERS / PEERS_PER_PROCESS }, () =>
      stack.use(new PeersProcess(peersInit, signal)),
    );
    const members = (await Promise.all(groups.map((group) => group.members))).flat();
    for (const daemon of [large, small]) daemon.start(members);
    await Promise.all(groups.map((group) => group.told));
    for (const daemon of [large, small]) {
      const { paths } = await daemon.connectedTo(PEERS);
      control.report(`${paths} paths: all peers are connected and have told what they hold`);
    }
    await sleep(control.repeats(SETTLE_MS, 1000), undefined, { signal });
    const durationMs = control.repeats(IDLE_MS, QUICK_IDLE_MS);
    const atOnce = measureIdle(small.pid, durationMs, signal);
    const idle = await measureIdle(large.pid, durationMs, signal);
    const smallIdle = await atOnce;
    return rows(idle, smallIdle);
  },
};

function rows(idle: IdleFigures, smallIdle: IdleFigures): readonly Measurement[] {
  const most = ({ residentSamplesMib }: IdleFigures): number => Math.max(...residentSamplesMib);
  const ratio = idle.processorPercent / smallIdle.processorPercent;
  return [
    {
      id: "footprint-memory",
      samples: idle.residentSamplesMib,
      ours: most(idle),
      peers: { "10000-paths": most(smallIdle) },
    },
    {
      id: "footprint-cpu",
      samples: [idle.processorPercent],
      peers: { "10000-paths": smallIdle.processorPercent },
    },
    { id: "footprint-growth", samples: [ratio] },
  ];
}
