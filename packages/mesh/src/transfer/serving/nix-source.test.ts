import type { NarInfo } from "@niphas/core";
import type { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { createSubstituterApp } from "../../substituter/app.ts";
import { formatNarUrl } from "../../substituter/nar-url.ts";
import { asInfo, type TestNar, TestTransfers, testNar } from "../twins/test-transfers.ts";

const MIB = 2 ** 20;

function appOf(mesh: TestTransfers, { wanted }: TestNar): Hono {
  const info: NarInfo = asInfo(wanted);
  const narInfos = { resolve: async () => info, isPending: () => true };
  const sideFiles = { listing: async () => undefined, log: async () => undefined };
  return createSubstituterApp({ narInfos, nars: mesh.nix, sideFiles });
}

function ask(mesh: TestTransfers, app: Hono, { wanted }: TestNar, range?: string): Promise<Response> {
  const headers = range === undefined ? {} : { range };
  return mesh.during(Promise.resolve(app.request(`/${formatNarUrl(asInfo(wanted))}`, { headers })));
}

describe("what Nix gets over HTTP", () => {
  it("is the NAR, whole or a range of it", async () => {
    await using mesh = await TestTransfers.create();
    const nar = testNar(17 * MIB);
    mesh.hold("a", [nar], "honest");
    const app = appOf(mesh, nar);
    const whole = await ask(mesh, app, nar);
    expect(whole.status).toBe(200);
    expect(Buffer.from(await mesh.during(whole.arrayBuffer())).equals(nar.bytes)).toBe(true);
    const part = await ask(mesh, app, nar, `bytes=${MIB}-`);
    expect(part.status).toBe(206);
    expect(Buffer.from(await mesh.during(part.arrayBuffer())).equals(nar.bytes.subarray(MIB))).toBe(true);
  });

  it("is 404 when there is no room, and when nobody has the NAR", async () => {
    await using mesh = await TestTransfers.create({ memoryBytes: 0, freeBytes: () => 0 });
    const nar = testNar(MIB);
    expect((await ask(mesh, appOf(mesh, nar), nar)).status).toBe(404);
    await using empty = await TestTransfers.create();
    expect((await ask(empty, appOf(empty, nar), nar)).status).toBe(404);
  });

  it("breaks off before the end of a large NAR that turns out bad; asking for the rest of it is 404", async () => {
    await using mesh = await TestTransfers.create();
    const nar = testNar(17 * MIB);
    mesh.hold("liar", [nar], "lying", { pieceMs: 1 });
    const app = appOf(mesh, nar);
    const response = await ask(mesh, app, nar);
    expect(response.status).toBe(200);
    await expect(mesh.during(response.arrayBuffer())).rejects.toMatchObject({ code: "BadBytes" });
    expect((await ask(mesh, app, nar, `bytes=${MIB}-`)).status).toBe(404);
    mesh.hold("honest", [nar], "honest");
    const again = await ask(mesh, app, nar);
    expect(Buffer.from(await mesh.during(again.arrayBuffer())).equals(nar.bytes)).toBe(true);
  });
});
