import type { PluginRig } from "./plugin-rig.ts";

const METRIC = /^niphas_event_loop_lag_seconds(?:\{[^}]*\})? (\S+)$/m;
const MS_PER_SECOND = 1000;

/** The plugin's own 99th percentile of its event loop's delay since the last time that it was asked. */
export async function eventLoopLagMs(rig: PluginRig): Promise<number> {
  const match = METRIC.exec(await rig.metrics());
  if (match?.[1] === undefined) throw new Error("the plugin exports no niphas_event_loop_lag_seconds");
  return Number(match[1]) * MS_PER_SECOND;
}
