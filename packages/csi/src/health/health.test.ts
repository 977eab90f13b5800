import { NiphasError } from "@niphas/core";
import { beforeEach, expect, it } from "vitest";
import { SystemClock } from "../lifecycle/clock.ts";
import { PluginMetrics } from "../metrics/plugin-metrics.ts";
import { PhaseTimer } from "../publish/phase-timer.ts";
import { FakeClock } from "../twins/fake-clock.ts";
import { EventLoopLag } from "./event-loop-lag.ts";
import { healthApp } from "./health-app.ts";
import { HealthServer } from "./health-server.ts";
import { Readiness } from "./readiness.ts";

let readiness: Readiness;
let metrics: PluginMetrics;
let lagSeconds: number;
let exhausted: number;
let app: ReturnType<typeof healthApp>;
beforeEach(() => {
  readiness = new Readiness();
  exhausted = 0;
  metrics = new PluginMetrics({ onDiskExhausted: () => void exhausted++ });
  lagSeconds = 0;
  const lag = new EventLoopLag({ clock: new SystemClock() });
  lag.p99Seconds = () => lagSeconds;
  app = healthApp({ readiness, lag, metrics });
});

it("is live while the event loop keeps up", async () => {
  expect((await app.request("/livez")).status).toBe(200);
  lagSeconds = 7;
  const late = await app.request("/livez");
  expect(late.status).toBe(503);
  expect(await late.text()).toBe("the event loop is 7.0 s late\n");
});

it("is ready when nothing fails, else lists what does", async () => {
  let reason: string | undefined = "locked";
  readiness.add({ name: "store", failure: () => reason });
  readiness.add({ name: "views", failure: () => undefined });
  const failing = await app.request("/readyz");
  expect(failing.status).toBe(503);
  expect(await failing.text()).toBe("store: locked\n");
  reason = undefined;
  expect((await app.request("/readyz")).status).toBe(200);
});

it("has metrics whose labels are closed sets", async () => {
  const clock = new FakeClock();
  const timer = new PhaseTimer({ clock });
  await timer.run("realise", async () => clock.advance(2000));
  metrics.published("cold", timer);
  metrics.rpcEnded("NodePublishVolume", 14);
  metrics.rpcEnded("NodePublishVolume", 99);
  metrics.rpcFailed(new NiphasError("DiskFull", "x"));
  metrics.viewLookedUp("miss");
  metrics.fetched(5);
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
    'niphas_fetched_bytes_total{source="mesh"} 0',
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

it("listens on a free port, answers there, and stops", async () => {
  const server = new HealthServer({ app }, { address: { host: "127.0.0.1", port: 0 } });
  const { port } = await server.start();
  expect(await (await fetch(`http://127.0.0.1:${port}/livez`)).text()).toBe("ok\n");
  const second = new HealthServer({ app }, { address: { host: "127.0.0.1", port } });
  await expect(second.start()).rejects.toMatchObject({ code: "InvalidConfiguration" });
  await server.stop();
  await expect(fetch(`http://127.0.0.1:${port}/livez`)).rejects.toThrow();
});

it("measures the event loop's delay", async () => {
  const clock = new FakeClock();
  const lag = new EventLoopLag({ clock });
  lag.start();
  await clock.advance(60_000);
  expect(lag.p99Seconds()).toBeGreaterThanOrEqual(0);
  lag.stop();
  expect(clock.timerCount).toBe(0);
});
