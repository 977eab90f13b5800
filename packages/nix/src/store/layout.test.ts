import { parseStorePath } from "@niphas/core";
import { describe, expect, it } from "vitest";
import { physicalPath, storeLayout, storeUri } from "./layout.ts";

describe("storeLayout", () => {
  it("puts a chroot store below its root directory", () => {
    expect(storeLayout({ rootDir: "/var/lib/niphas/store" })).toEqual({
      storeDir: "/var/lib/niphas/store/nix/store",
      stateDir: "/var/lib/niphas/store/nix/var/nix",
      databaseFile: "/var/lib/niphas/store/nix/var/nix/db/db.sqlite",
      schemaFile: "/var/lib/niphas/store/nix/var/nix/db/schema",
      gcRootsDir: "/var/lib/niphas/store/nix/var/nix/gcroots",
      collectorSocket: "/var/lib/niphas/store/nix/var/nix/gc-socket/socket",
    });
  });

  it("finds the host's own store at /", () => {
    expect(storeLayout({ rootDir: "/" }).databaseFile).toBe("/nix/var/nix/db/db.sqlite");
    expect(storeUri({ rootDir: "/" })).toBe("auto");
  });

  it("maps a store path to its files", () => {
    const path = parseStorePath(`/nix/store/${"a".repeat(32)}-hello`);
    expect(physicalPath({ rootDir: "/srv" }, path)).toBe(`/srv/nix/store/${"a".repeat(32)}-hello`);
  });
});
