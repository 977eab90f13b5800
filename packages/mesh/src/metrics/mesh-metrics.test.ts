import { parseStorePath } from "@niphas/core";
import { expect, it } from "vitest";
import { parsePeerId } from "../network/identity/peer-id.ts";
import { pathHashOf } from "../upstream/path-hash.ts";
import { MeshMetrics } from "./mesh-metrics.ts";

const NEAR = parsePeerId("12D3KooWHTsSxeDwEXkttdQrux52hGMf5jsG3CgXAJep8AVCjv4n");
const FAR = parsePeerId("12D3KooWANUd1QDsEHanueFaUAfeSoQUAJifVnaf74R2pojtABcr");
const PATH = pathHashOf(parseStorePath(`/nix/store/${"a".repeat(32)}-secret-name`));

it("count bytes by where they came from, failures by whose they are, and name no path or peer", async () => {
  const metrics = new MeshMetrics({ isNear: (peer) => peer === NEAR });
  metrics.transferred({ kind: "received", path: PATH, source: NEAR, sizeBytes: 1, tookMs: 1 });
  metrics.transferred({ kind: "received", path: PATH, source: FAR, sizeBytes: 2, tookMs: 1 });
  metrics.transferred({ kind: "received", path: PATH, source: "upstream", sizeBytes: 4, tookMs: 1 });
  metrics.servedLocally(8);
  metrics.transferred({ kind: "served", peer: FAR, sizeBytes: 16 });
  metrics.transferred({ kind: "corrupt", path: PATH, culprits: [] });
  metrics.transferred({ kind: "corrupt", path: PATH, culprits: ["upstream"] });
  metrics.transferred({ kind: "corrupt", path: PATH, culprits: ["upstream", FAR] });
  metrics.transferred({ kind: "verified", path: PATH });
  metrics.transferred({ kind: "abandoned", path: PATH, peer: FAR, reason: "slow" });
  metrics.transferred({ kind: "refused", path: PATH });
  expect(metrics.bytes).toEqual({ received: { zone: 1, peer: 2, upstream: 4, local: 8 }, sent: 16 });
  const text = await metrics.render();
  for (const line of [
    'niphas_mesh_nar_bytes_total{source="zone"} 1',
    'niphas_mesh_nar_bytes_total{source="peer"} 2',
    'niphas_mesh_nar_bytes_total{source="upstream"} 4',
    'niphas_mesh_nar_bytes_total{source="local"} 8',
    "niphas_mesh_sent_bytes_total 16",
    'niphas_mesh_verification_failures_total{culprit="peer"} 1',
    'niphas_mesh_verification_failures_total{culprit="upstream"} 1',
    'niphas_mesh_verification_failures_total{culprit="unknown"} 1',
    "niphas_mesh_verified_nars_total 1",
    'niphas_mesh_abandoned_sources_total{reason="slow"} 1',
    'niphas_mesh_fallbacks_total{reason="full"} 1',
  ]) {
    expect(text).toContain(line);
  }
  expect(text).not.toMatch(/12D3|secret-name|aaaa/);
});

it("count a request for which Nix goes elsewhere as a fallback, unless Nix can do without", async () => {
  const metrics = new MeshMetrics({ isNear: () => false });
  metrics.requestEnded({ request: "narinfo", outcome: "served", tookMs: 3 });
  metrics.requestEnded({ request: "narinfo", outcome: "late", tookMs: 50 });
  metrics.requestEnded({ request: "nar", outcome: "corrupt", tookMs: 5 });
  metrics.requestEnded({ request: "log", outcome: "absent", tookMs: 5 });
  const text = await metrics.render();
  for (const line of [
    'niphas_mesh_requests_total{request="narinfo",outcome="late"} 1',
    'niphas_mesh_resolve_duration_seconds_count{outcome="served"} 1',
    'niphas_mesh_fallbacks_total{reason="late"} 1',
    'niphas_mesh_fallbacks_total{reason="corrupt"} 1',
    'niphas_mesh_fallbacks_total{reason="absent"} 0',
  ]) {
    expect(text).toContain(line);
  }
});

it("tell how long plans took, and how many questions", async () => {
  const metrics = new MeshMetrics({ isNear: () => false });
  metrics.planReady({ questions: 1, tookMs: 20 });
  metrics.planReady({ questions: 40, tookMs: 200 });
  const text = await metrics.render();
  for (const line of [
    "niphas_mesh_plan_questions_count 2",
    "niphas_mesh_plan_questions_sum 41",
    'niphas_mesh_plan_questions_bucket{le="3"} 1',
    'niphas_mesh_plan_duration_seconds_bucket{le="0.025"} 1',
  ]) {
    expect(text).toContain(line);
  }
});
