import type { Lease } from "@niphas/kube";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { PeerId } from "../../ports.ts";
import { testPeerId } from "../twins/test-peers.ts";
import { leasePatch, readLease, trimLease } from "./lease-format.ts";

let peerId: PeerId;
beforeAll(async () => {
  peerId = await testPeerId(1);
});

interface Parts {
  readonly name?: string;
  readonly holder?: string;
  readonly address?: string;
  readonly zone?: string;
}

function lease({ name = "niphas-mesh-n", holder = peerId, address = "10.0.0.1:9811", zone }: Parts = {}): Lease {
  const annotations = {
    "mesh.niphas.io/address": address,
    ...(zone === undefined ? {} : { "mesh.niphas.io/zone": zone }),
  };
  return { metadata: { name, annotations }, spec: { holderIdentity: holder } };
}

describe("a Lease of the mesh", () => {
  it("says of a node its peer id, address and zone", () => {
    const member = { peerId, host: "10.0.0.1", port: 9811, zone: undefined };
    expect(readLease(lease())).toEqual({ member });
    expect(readLease(lease({ zone: "eu-1a", address: "[FD00::0:1]:1" }))).toEqual({
      member: { peerId, host: "fd00::1", port: 1, zone: "eu-1a" },
    });
  });

  const wrong: readonly (readonly [Parts, string])[] = [
    [{ name: "leader" }, "its name does not begin with niphas-mesh-"],
    [{ holder: "" }, "its holder is not a peer id"],
    [{ holder: "12D3KooWx" }, "its holder is not a peer id"],
    [{ holder: "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N" }, "its holder is not a peer id"],
    [{ holder: "1".repeat(200) }, "its holder is not a peer id"],
    [{ address: "" }, "its address is not <ip>:<port>"],
    [{ address: "off" }, "its address is not <ip>:<port>"],
    [{ address: "10.0.0.1" }, "its address is not <ip>:<port>"],
    [{ address: "10.0.0.1:0" }, "its address is not <ip>:<port>"],
    [{ address: "10.0.0.1:65536" }, "its address is not <ip>:<port>"],
    [{ address: "10.0.0.1:-1" }, "its address is not <ip>:<port>"],
    [{ address: "metadata.internal:80" }, "its address is none at which another node can be"],
    [{ address: "127.0.0.1:6443" }, "its address is none at which another node can be"],
    [{ address: "[::1]:6443" }, "its address is none at which another node can be"],
    [{ address: "[::ffff:127.0.0.1]:6443" }, "its address is none at which another node can be"],
    [{ address: "169.254.169.254:80" }, "its address is none at which another node can be"],
    [{ address: "[fe80::1]:80" }, "its address is none at which another node can be"],
    [{ address: "224.0.0.251:5353" }, "its address is none at which another node can be"],
    [{ address: "[ff02::1]:80" }, "its address is none at which another node can be"],
    [{ zone: "" }, "its zone is not the value of a label"],
    [{ zone: "a b" }, "its zone is not the value of a label"],
    [{ zone: "z".repeat(64) }, "its zone is not the value of a label"],
  ];

  it.each(wrong)("that says %j is refused: %s", (parts, problem) => {
    expect(readLease(trimLease(lease(parts)))).toEqual({ problem });
  });

  it("without anything in it is refused", () => {
    expect(readLease(trimLease({ metadata: { name: "niphas-mesh-n" } }))).toEqual({
      problem: "its holder is not a peer id",
    });
  });

  it("of any content is read or refused", () => {
    const text = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(text, text, text, (holder, address, zone) => {
        const reading = readLease(trimLease(lease({ holder, address, zone })));
        expect("member" in reading || "problem" in reading).toBe(true);
      }),
    );
  });

  it("is kept in little memory, whatever is in it", () => {
    const { metadata, ...rest } = lease({ address: "x".repeat(200_000), zone: "y".repeat(200_000) });
    const annotations = { ...metadata.annotations, more: "z".repeat(200_000) };
    const labels = { many: "labels" };
    const kept = trimLease({ ...rest, metadata: { ...metadata, annotations, labels, uid: "u", resourceVersion: "1" } });
    expect(JSON.stringify(kept).length).toBeLessThan(400);
    expect(kept.metadata).toMatchObject({ name: "niphas-mesh-n", uid: "u", resourceVersion: "1" });
  });

  it("that we write is one that we read, owned by its Node, with the time as Kubernetes writes it", () => {
    const node = { metadata: { name: "n", uid: "u-1", labels: { "topology.kubernetes.io/zone": "z" } } };
    const own = { peerId, host: "fd00::1", port: 9811, version: "0.1.0" };
    const patch = leasePatch(own, node, Date.UTC(2026, 0, 2, 3, 4, 5, 6));
    expect(patch).toMatchObject({
      type: "apply",
      force: true,
      object: {
        metadata: {
          annotations: { "mesh.niphas.io/version": "0.1.0" },
          ownerReferences: [{ apiVersion: "v1", kind: "Node", name: "n", uid: "u-1" }],
        },
        spec: { renewTime: "2026-01-02T03:04:05.006000Z" },
      },
    });
    const object = patch.type === "apply" ? patch.object : {};
    const written = { ...object, metadata: { ...object.metadata, name: "niphas-mesh-n" } };
    expect(readLease(trimLease(written))).toEqual({ member: { peerId, host: "fd00::1", port: 9811, zone: "z" } });
  });
});
