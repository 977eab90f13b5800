import { isNiphasError } from "@niphas/core";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { PeerId } from "../ports.ts";
import { parseMembers } from "./members-flag.ts";
import { testPeerId } from "./twins/test-peers.ts";

let a: PeerId;
let b: PeerId;
beforeAll(async () => {
  a = await testPeerId(1);
  b = await testPeerId(2);
});

describe("--members", () => {
  it("names members with peer id, host and port", () => {
    expect(parseMembers(`static:${a}@10.0.0.1:9811, ${b}@[fd00::2]:1`)).toEqual({
      kind: "static",
      members: [
        { peerId: a, host: "10.0.0.1", port: 9811, zone: undefined },
        { peerId: b, host: "fd00::2", port: 1, zone: undefined },
      ],
    });
    expect(parseMembers(`static:${a}@node-1.example.org:9811`)).toMatchObject({
      members: [{ host: "node-1.example.org" }],
    });
    expect(parseMembers(`static:${a}@127.0.0.1:9811`)).toMatchObject({ members: [{ host: "127.0.0.1" }] });
  });

  it("names a DNS name, with the members' port or without", () => {
    expect(parseMembers("dns:mesh.example.org")).toEqual({ kind: "dns", name: "mesh.example.org", port: undefined });
    expect(parseMembers("dns:_mesh.svc.cluster.local.:9811")).toEqual({
      kind: "dns",
      name: "_mesh.svc.cluster.local.",
      port: 9811,
    });
  });

  it("names Kubernetes", () => {
    expect(parseMembers("kubernetes")).toEqual({ kind: "kubernetes" });
  });

  it.each([
    ["", "must be static:<peer id>@<host>:<port>,..., dns:<name>, dns:<name>:<port> or kubernetes"],
    ["kubernetes:x", "must be static:"],
    ["static", "static: names no member"],
    ["static:", "static: names no member"],
    ["static:x", "static: member 1: must be <peer id>@<host>:<port>"],
    ["static:A@10.0.0.1:1,", "static: member 2: must be <peer id>@<host>:<port>"],
    ["static:12D3KooW@10.0.0.1:1", "static: member 1: the part before the @ is not the peer id of an ed25519 key"],
    ["static:A@10.0.0.1", "static: member 1: the part after the @ must be <host>:<port>"],
    ["static:A@:9811", "static: member 1: the part after the @"],
    ["static:A@off", "static: member 1: the part after the @"],
    ["static:A@10.0.0.1:0", "static: member 1: the part after the @"],
    ["static:A@10.0.0.1:65536", "static: member 1: the part after the @"],
    ["static:A@0.0.0.0:1", "static: member 1: the part after the @"],
    ["static:A@224.0.0.1:1", "static: member 1: the part after the @"],
    ["static:A@[fe80::1]:1", "static: member 1: the part after the @"],
    ["static:A@fd00::1:1", "static: member 1: the part after the @"],
    ["static:A@a/b:1", "static: member 1: the part after the @"],
    ["static:A@10.0.0.1:1,A@10.0.0.2:1", "static: members 1 and 2 have the same peer id"],
    ["dns:", "dns: must be followed by a DNS name"],
    ["dns:10.0.0.1", "dns: must be followed by a DNS name"],
    ["dns:a..b", "dns: must be followed by a DNS name"],
    ["dns:a:1:2", "dns: must be followed by a DNS name"],
    ["dns:a:", "dns: the port after the name must be between 1 and 65535"],
    ["dns:a:65536", "dns: the port after the name must be between 1 and 65535"],
  ])("refuses %j and says why", (text, message) => {
    const parse = () => parseMembers(text.replaceAll("A@", `${a}@`));
    expect(parse).toThrow(message);
    expect(parse).toThrow(expect.objectContaining({ code: "InvalidConfiguration" }));
  });

  it("refuses a list without end", () => {
    expect(() => parseMembers(`static:${"x,".repeat(2000)}`)).toThrow("names more than 1000 members");
  });

  it("of any text is read, or refused with an error of ours", () => {
    const prefix = fc.constantFrom("", "static:", "dns:", `static:${a}@`);
    fc.assert(
      fc.property(prefix, fc.string(), (head, tail) => {
        try {
          parseMembers(head + tail);
        } catch (error) {
          expect(isNiphasError(error)).toBe(true);
        }
      }),
    );
  });
});
