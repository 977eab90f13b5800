import { randomBytes } from "node:crypto";
import { generateKeyPair } from "@libp2p/crypto/keys";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { waitUntil } from "@niphas/testing";
import { describe, expect, it } from "vitest";
import { MemoryMembership } from "../../membership/twins/memory-membership.ts";
import type { PeerId } from "../../ports.ts";
import type { TrustGroup } from "../admission/trust-group.ts";
import { peerIdText } from "../identity/peer-id.ts";
import type { Encryption } from "./libp2p-node.ts";
import { MeshNode } from "./mesh-node.ts";

const { signal: never } = new AbortController();
const GROUP: TrustGroup = { name: "test", secret: randomBytes(32) };

/** A node whose membership knows addresses only: those of this machine, or none. */
async function start(init: { group?: TrustGroup; knowsHost?: boolean; encryption?: Encryption } = {}) {
  const privateKey = await generateKeyPair("Ed25519");
  const membership = new MemoryMembership({ self: peerIdText(peerIdFromPrivateKey(privateKey)) });
  const introduced: PeerId[] = [];
  let port = 0;
  const introductions = {
    isOpen: true,
    introduce: (peer: PeerId, host: string): boolean => {
      introduced.push(peer);
      if (init.knowsHost === false) return false;
      membership.set([...membership.members(), { peerId: peer, host, port: port + 1, zone: undefined }]);
      return true;
    },
  };
  const node = await MeshNode.create({
    privateKey,
    listen: { host: "127.0.0.1", port: 0 },
    membership,
    introductions,
    trustGroup: init.group ?? GROUP,
    encryptions: [init.encryption ?? "tls"],
  });
  await node.start();
  port = node.port ?? 0;
  return { node, introduced, address: { host: "127.0.0.1", port }, [Symbol.asyncDispose]: () => node.stop() };
}

describe("members that are known by address", () => {
  it.each<Encryption>(["tls", "noise"])("are members when they know the group's secret (%s)", async (encryption) => {
    await using first = await start({ encryption });
    await using second = await start({ encryption });
    expect(await first.node.identify(second.address, never)).toBe(second.node.peerId);
    await waitUntil("both to be connected", () => {
      return first.node.isConnected(second.node.peerId) && second.node.isConnected(first.node.peerId);
    });
    expect(first.introduced).toEqual([second.node.peerId]);
    expect(second.introduced).toEqual([first.node.peerId]);
  });

  it("are none when they do not know the secret, and neither side takes the other", async () => {
    await using first = await start();
    await using second = await start({ group: { name: "test", secret: randomBytes(32) } });
    await expect(first.node.identify(second.address, never)).rejects.toMatchObject({ code: "PolicyDenied" });
    expect([first.introduced, second.introduced]).toEqual([[], []]);
    expect(second.node.isConnected(first.node.peerId)).toBe(false);
  });

  it("are none when they call from an address of nobody", async () => {
    await using first = await start();
    await using second = await start({ knowsHost: false });
    await first.node.identify(second.address, never).catch(() => undefined);
    await waitUntil("it to have called", () => second.introduced.length > 0);
    expect(second.node.isConnected(first.node.peerId)).toBe(false);
  });

  it("are denied when they answer at an address of nobody", async () => {
    await using first = await start({ knowsHost: false });
    await using second = await start();
    await expect(first.node.identify(second.address, never)).rejects.toMatchObject({ code: "PolicyDenied" });
  });

  it("may be ourselves", async () => {
    await using first = await start();
    expect(await first.node.identify(first.address, never)).toBe(first.node.peerId);
    expect(first.node.isConnected(first.node.peerId)).toBe(false);
  });

  it("are unavailable where nobody listens", async () => {
    await using first = await start();
    await using second = await start();
    await second.node.stop();
    await expect(first.node.identify(second.address, never)).rejects.toMatchObject({ code: "SubstituterUnavailable" });
  });
});
