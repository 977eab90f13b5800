import { median } from "../rows.ts";
import { repeat } from "../scenario.ts";
import type { PodsContext } from "./context.ts";
import { PodCrowd } from "./pod-crowd.ts";
import type { PodScenario } from "./pod-scenario.ts";
import { SIDES, type Side } from "./sides.ts";

/** One pod, from before it is created until its program runs; closure and image are on the node. */
export const podStart: PodScenario = {
  rowIds: ["pod-start"],
  run: async (context) => {
    const samples = await startTimes(context, 1, context.control.repeats(20, 2));
    const oci = median(samples.oci);
    return [{ id: "pod-start", samples: samples.niphas, peers: { oci }, ratio: median(samples.niphas) / oci }];
  },
};

/** Milliseconds until `size` pods run, of both sides in turn, each side first equally often. */
export async function startTimes(
  context: PodsContext,
  size: number,
  repeats: number,
): Promise<Readonly<Record<Side, readonly number[]>>> {
  const samples: Record<Side, number[]> = { niphas: [], oci: [] };
  await repeat(`${size} pods started`, repeats, context.control, async (index) => {
    for (const side of index % 2 === 0 ? SIDES : SIDES.toReversed()) {
      await using crowd = await PodCrowd.start(context, side, size);
      samples[side].push(crowd.startMs);
    }
  });
  return samples;
}
