import { Gauge, type Registry } from "prom-client";

/** Values that are asked for at each scrape: synchronous and cheap. */
export interface GaugeSources {
  readonly members: () => number;
  readonly connectedPeers: () => number;
  readonly quarantinedPeers: () => number;
  /** NARs that come, wait for their turn, or are kept for members. */
  readonly nars: () => number;
  /** Those of them that wait for their turn or for room. */
  readonly queuedNars: () => number;
  readonly plans: () => number;
  readonly wantedPaths: () => number;
  readonly coordinatedPaths: () => number;
  readonly freeUploadSlots: () => number;
  readonly spoolBytes: () => { readonly memory: number; readonly disk: number };
  readonly paths: () => number;
  readonly eventLoopLagSeconds: () => number;
}

/** Names are in docs/interfaces.md. */
export function addGauges(registry: Registry, sources: GaugeSources): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    const collect = function (this: Gauge): void {
      this.set(read());
    };
    new Gauge({ name: `niphas_mesh_${name}`, help, registers: [registry], collect });
  };
  gauge("members", "Other members of the mesh.", sources.members);
  gauge("connected_peers", "Members with a connection.", sources.connectedPeers);
  gauge(
    "quarantined_peers",
    "Members that are asked for nothing because they gave wrong bytes.",
    sources.quarantinedPeers,
  );
  gauge("nars", "NARs that come, wait for their turn, or are kept for members.", sources.nars);
  gauge("queued_nars", "NARs that wait for their turn or for room.", sources.queuedNars);
  gauge("plans", "Closures that are being got for the node plugin.", sources.plans);
  gauge("wanted_paths", "Paths for which an owner is asked who gets them from upstream.", sources.wantedPaths);
  gauge("coordinated_paths", "Paths for which this daemon is the owner that others ask.", sources.coordinatedPaths);
  gauge("free_upload_slots", "Ranges that could be sent to members besides those that are.", sources.freeUploadSlots);
  gauge("paths", "Paths of this node's store that members are told of.", sources.paths);
  const lag = "99th percentile of how late the event loop was in the last 30 to 60 s.";
  gauge("event_loop_lag_seconds", lag, sources.eventLoopLagSeconds);
  addSpoolGauge(registry, sources);
}

function addSpoolGauge(registry: Registry, { spoolBytes }: GaugeSources): void {
  new Gauge({
    name: "niphas_mesh_spool_bytes",
    help: "Room that NARs on their way take, in full for those that are not here yet.",
    labelNames: ["place"],
    registers: [registry],
    collect(): void {
      const { memory, disk } = spoolBytes();
      this.set({ place: "memory" }, memory);
      this.set({ place: "disk" }, disk);
    },
  });
}
