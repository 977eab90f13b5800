import { expect, it } from "vitest";
import { DOWNLOAD_LIMITS } from "../limits.ts";
import { TestTransfers, testNar } from "../twins/test-transfers.ts";

it("a NAR waits for its turn when too many come already, and is counted as long as it does", async () => {
  await using mesh = await TestTransfers.create();
  const nars = Array.from({ length: DOWNLOAD_LIMITS.maxNars + 3 }, (_, index) => testNar(1024, index));
  mesh.hold("a", nars, "silent");
  mesh.publish(...nars);
  const got = Promise.all(nars.map((nar) => mesh.get(nar)));
  do await mesh.clock.advance(0);
  while (mesh.transfers.queuedCount !== 3);
  await mesh.during(got);
  expect([mesh.transfers.queuedCount, mesh.transfers.count]).toEqual([0, nars.length]);
});
