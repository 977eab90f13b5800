import { MeshMetrics } from "../mesh-metrics.ts";

/** All metrics of a daemon that does nothing: for those who compare their names. */
export function idleMetrics(): MeshMetrics {
  const metrics = new MeshMetrics({ isNear: () => false });
  const zero = (): number => 0;
  metrics.watch({
    members: zero,
    connectedPeers: zero,
    quarantinedPeers: zero,
    nars: zero,
    queuedNars: zero,
    plans: zero,
    wantedPaths: zero,
    coordinatedPaths: zero,
    freeUploadSlots: zero,
    spoolBytes: () => ({ memory: 0, disk: 0 }),
    paths: zero,
    eventLoopLagSeconds: zero,
  });
  return metrics;
}
