import { NiphasError } from "@niphas/core";
import { EventLoopLag, healthApp, latenessOf, ManualClock } from "@niphas/service";
import { expect, it } from "vitest";
import { PluginMetrics } from "../metrics/plugin-metrics.ts";
import { PhaseTimer } from "../publish/phase-timer.ts";

it("is live while the event loop keeps up", () => {
  expect(latenessOf({ p99Seconds: () => 4.9 })).toBeUndefined();
  expect(latenessOf({ p99Seconds: () => 7 })).toBe("the event loop is 7.0 s late");
});

it("has metrics whose labels are closed sets", async () => {
  let exhausted = 0;
  const metrics = new PluginMetrics({ onDiskExhausted: () => void exhausted++ });
  const app = healthApp({ liveness: () => undefined, readiness: () => [], metrics });
  const clock = new ManualClock();
  const timer = new PhaseTimer({ clock });
  await timer.run("realise", async () => clock.advance(2000));
  metrics.published("cold", timer);
  metrics.rpcEnded("NodePublishVolume", 14);
  metrics.rpcEnded("NodePublishVolume", 99);
  metrics.rpcFailed(new NiphasError("DiskFull", "x"));
  metrics.viewLookedUp("miss");
  metrics.fetched(5, 7);
  metrics.fetchedWithoutMesh("lost");
  metrics.diskExhausted();
  metrics.collected(7);
  metrics.watch({
    volumes: () => 3,
    viewsByStrategy: () => new Map([["tree", 2]]),
    eventLoopLagSeconds: () => 0.5,
    distrustedPaths: () => 4,
  });
  const text = await (await app.request("/metrics")).text();
  for (const line of [
    'niphas_publish_duration_seconds_sum{phase="realise",path="cold"} 2',
    'niphas_publish_duration_seconds_count{phase="total",path="cold"} 1',
    'niphas_rpc_total{method="NodePublishVolume",code="UNAVAILABLE"} 1',
    'niphas_rpc_total{method="NodePublishVolume",code="UNKNOWN"} 1',
    'niphas_errors_total{kind="exhausted",code="DiskFull"} 1',
    'niphas_view_cache_total{result="miss"} 1',
    'niphas_fetched_bytes_total{source="upstream"} 5',
    'niphas_fetched_bytes_total{source="mesh"} 7',
    'niphas_fetches_without_mesh_total{reason="lost"} 1',
    'niphas_fetches_without_mesh_total{reason="unready"} 0',
    "niphas_gc_freed_bytes_total 7",
    "niphas_volumes 3",
    'niphas_views{strategy="tree"} 2',
    "niphas_event_loop_lag_seconds 0.5",
    "niphas_unsynced_paths 4",
  ]) {
    expect(text).toContain(line);
  }
  expect(text).toMatch(/niphas_gc_last_success_timestamp_seconds 1\d{9}/);
  expect(exhausted).toBe(1);
});

it("measures the event loop's delay", async () => {
  const clock = new ManualClock();
  const lag = new EventLoopLag({ clock });
  lag.start();
  await clock.advance(60_000);
  expect(lag.p99Seconds()).toBeGreaterThanOrEqual(0);
  lag.stop();
  expect(clock.timerCount).toBe(0);
});
