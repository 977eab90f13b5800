import { expect, it } from "vitest";
import { TestTransfers, testNar } from "../twins/test-transfers.ts";

it("a peer that gives a few bytes from time to time is left, also when no other peer has the NAR", async () => {
  await using mesh = await TestTransfers.create({ pieceBytes: 1024 });
  const nar = testNar(2 ** 20);
  mesh.publish(nar);
  const crawling = mesh.hold("a", [nar], "slow");
  expect((await mesh.during(mesh.get(nar))).equals(nar.bytes)).toBe(true);
  const abandoned = { kind: "abandoned", peer: crawling, reason: "broken" };
  expect(mesh.events).toContainEqual(expect.objectContaining(abandoned));
  expect(mesh.upstream.starts).toEqual([2048]);
});
