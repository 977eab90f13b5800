import { median } from "../rows.ts";
import type { PodScenario } from "./pod-scenario.ts";
import { startTimes } from "./pod-start.ts";

export const CROWD = 40;

/** Forty pods at once, from before the first is created until the last one's program runs. */
export const podStart40: PodScenario = {
  rowIds: ["pod-start-40"],
  run: async (context) => {
    const samples = await startTimes(context, CROWD, context.control.repeats(20, 1));
    const oci = median(samples.oci);
    return [{ id: "pod-start-40", samples: samples.niphas, peers: { oci }, ratio: median(samples.niphas) / oci }];
  },
};
