import { isNiphasError } from "@niphas/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { orderBinds, parseBind } from "./bind-spec.ts";

describe("parseBind", () => {
  it("shows a host path at the same place, read-only, unless told otherwise", () => {
    expect(parseBind("/data", "/")).toEqual({ source: "/data", target: "/data", isReadOnly: true });
    expect(parseBind("/data:/app", "/")).toEqual({ source: "/data", target: "/app", isReadOnly: true });
    expect(parseBind("/data:/app:rw", "/")).toEqual({ source: "/data", target: "/app", isReadOnly: false });
  });

  it("takes the source relative to the working directory", () => {
    expect(parseBind(".::rw", "/home/me/app")).toEqual({
      source: "/home/me/app",
      target: "/home/me/app",
      isReadOnly: false,
    });
    expect(parseBind("../x:/x", "/home/me").source).toBe("/home/x");
  });

  it.each(["", ":/x", "/a:/b:rx", "/a:/b:ro:more", "/a:b", "/a:/b/../c"])("refuses %j", (text) => {
    expect(() => parseBind(text, "/")).toThrow(/--bind/);
  });

  it.each([
    "/",
    "/nix",
    "/nix/store",
    "/nix/store/x",
    "/proc",
    "/proc/sys",
    "/dev",
    "/dev/pts",
  ])("does not let a bind hide %s", (target) => {
    expect(() => parseBind(`/data:${target}`, "/")).toThrow(/would hide/);
  });

  it("answers with a bind outside the reserved trees or our own error, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("/", ":", ".", "a", "nix", "proc", "ro", "rw", " ") }), (text) => {
        try {
          const bind = parseBind(text, "/app");
          expect(bind.target).toMatch(/^\//);
          expect(bind.target).not.toMatch(/^\/(nix|proc)(\/|$)|^\/$|\/\.\.?(\/|$)/);
        } catch (error) {
          expect(isNiphasError(error)).toBe(true);
        }
      }),
    );
  });
});

describe("orderBinds", () => {
  it("puts outer directories before what lies in them", () => {
    const binds = ["/x:/a/b/c", "/x:/a", "/x:/a/b"].map((text) => parseBind(text, "/"));
    expect(orderBinds(binds).map((bind) => bind.target)).toEqual(["/a", "/a/b", "/a/b/c"]);
  });

  it("refuses two binds to one place", () => {
    const binds = ["/x:/a", "/y:/a/"].map((text) => parseBind(text, "/"));
    expect(() => orderBinds(binds)).toThrow(/same destination/);
  });
});
