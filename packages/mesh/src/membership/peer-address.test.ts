import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatHostPort, parseHostPort, parsePeerIp } from "./peer-address.ts";

describe("an address at which another machine can be", () => {
  it.each([
    ["10.0.0.1", "10.0.0.1"],
    ["192.0.2.7", "192.0.2.7"],
    ["100.64.0.1", "100.64.0.1"],
    ["fd00::1", "fd00::1"],
    ["FD00:0:0::0001", "fd00::1"],
    ["2001:db8::1", "2001:db8::1"],
  ])("is %s, written %s", (text, usual) => {
    expect(parsePeerIp(text)).toBe(usual);
  });

  it.each([
    "",
    "node-1",
    "0.0.0.0",
    "0.1.2.3",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "224.0.0.251",
    "240.0.0.1",
    "255.255.255.255",
    "010.0.0.1",
    "10.1",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fd00::1%eth0",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "[fd00::1]",
    "10.0.0.1 ",
    "10.0.0.1\u0000",
  ])("is not %j", (text) => {
    expect(parsePeerIp(text)).toBe(undefined);
  });
});

describe("host and port", () => {
  it("are read as they are written", () => {
    const host = fc.oneof(
      fc.ipV4(),
      fc.ipV6().filter((text) => !text.includes(".")),
    );
    fc.assert(
      fc.property(host, fc.integer({ min: 1, max: 65_535 }), (each, port) => {
        expect(parseHostPort(formatHostPort({ host: each, port }))).toEqual({ host: each, port });
      }),
    );
  });

  it("never make the parsers throw", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        parseHostPort(text);
        parsePeerIp(text);
      }),
    );
  });

  it.each(["", "off", ":1", "a", "a:", "a:0", "a:65536", "a:1:2", "a:-1", "[::1]", "[x]:1"])("are not %j", (text) => {
    expect(parseHostPort(text)).toBe(undefined);
  });
});
