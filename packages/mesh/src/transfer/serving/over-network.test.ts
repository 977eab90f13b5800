import { describe, expect, it } from "vitest";
import { NAR_LIMITS } from "../../network/limits.ts";
import { serving, startTransfer } from "../../network/twins/nar-transfer.ts";
import type { PeerPathInfo } from "../../ports.ts";
import { pathHashOf } from "../../upstream/path-hash.ts";
import { PeerTraffic } from "../download/peer-traffic.ts";
import { Transfers } from "../download/transfers.ts";
import { RecentTakers } from "../slots/recent-takers.ts";
import { UploadSlots } from "../slots/upload-slots.ts";
import { MemoryCoordinator } from "../twins/memory-coordinator.ts";
import { asInfo, TestTransfers, testNar } from "../twins/test-transfers.ts";
import { NixSource } from "./nix-source.ts";
import { PeerSource } from "./peer-source.ts";

const MIB = 2 ** 20;

describe("a NAR between two nodes over real streams", () => {
  it("is passed on while it comes, and arrives whole", async () => {
    const nar = testNar(3 * MIB);
    await using far = await TestTransfers.create();
    await using near = await TestTransfers.create();
    far.publish(nar);
    const store = {
      pathInfo: (): PeerPathInfo | undefined => undefined,
      nar: (): AsyncIterable<Uint8Array> => {
        throw new Error("nothing is in the store");
      },
    };
    const slots = new UploadSlots();
    const { transfers, clock } = far;
    const takers = new RecentTakers();
    const source = new PeerSource({ store, transfers, slots, takers, clock, observe: () => undefined });
    await using network = await startTransfer(serving(source, NAR_LIMITS.maxInboundStreams));
    const traffic = new PeerTraffic({
      nars: network.client,
      holders: { of: () => [network.peer] },
      clock: near.clock,
      isReachable: () => true,
      isNear: () => true,
      random: Math.random,
      observe: () => undefined,
    });
    const { upstream, spools } = near;
    const coordinator = new MemoryCoordinator();
    await using tailing = new Transfers({ traffic, upstream, coordinator, spools, store });
    const nix = new NixSource({ transfers: tailing, upstream });

    using _far = await far.transfers.open(nar.wanted, new AbortController().signal);
    const read = async (): Promise<Buffer> => {
      const chunks: Uint8Array[] = [];
      const range = { start: 0, end: nar.wanted.narSizeBytes };
      for await (const chunk of await nix.open(asInfo(nar.wanted), range, new AbortController().signal)) {
        chunks.push(chunk);
      }
      return Buffer.concat(chunks);
    };
    // Time passes on the far side only where a reader waits for bytes.
    const got = read();
    expect((await near.during(got, 0)).equals(nar.bytes)).toBe(true);
    expect(upstream.starts).toEqual([]);
    await expect.poll(() => takers.of(pathHashOf(nar.wanted.path))).toHaveLength(1);
    expect(slots.free).toBe(8);
  });
});
