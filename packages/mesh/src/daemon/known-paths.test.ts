import { parseStorePath } from "@niphas/core";
import { expect, it } from "vitest";
import { pathHashOf } from "../upstream/path-hash.ts";
import { KnownPaths } from "./known-paths.ts";

const path = (id: number) => parseStorePath(`/nix/store/${id.toString().padStart(32, "0")}-x`);
const signatures = ["key:signature"];
const row = (id: number) => ({ id, path: path(id), signatures, contentAddress: undefined });
const hashes = (...ids: readonly number[]) => ids.map((id) => pathHashOf(path(id)));

it("lists the newest paths, reads each row once, and begins anew when the newest has gone", () => {
  let ids = [1, 2, 3];
  const asked: number[] = [];
  const known = new KnownPaths({
    database: {
      newestId: () => ids.at(-1) ?? 0,
      registeredAfter: (from) => {
        asked.push(from);
        return ids.filter((id) => id > from).map(row);
      },
    },
  });
  expect(known.list(2)).toEqual(hashes(2, 3));
  ids = [1, 2, 3, 5];
  expect(known.list(10)).toEqual(hashes(1, 2, 3, 5));
  expect(known.list(10)).toEqual(hashes(1, 2, 3, 5));
  ids = [1, 3];
  expect(known.list(10)).toEqual(hashes(1, 3));
  expect(asked).toEqual([0, 3, 0]);
});

it("lists none that members may not know of", () => {
  const rows = [row(1), { ...row(2), signatures: [] }, row(3)];
  const known = new KnownPaths({ database: { newestId: () => 3, registeredAfter: () => rows } });
  expect(known.list(10)).toEqual(hashes(1, 3));
});

it("lists those of before while the store cannot tell", () => {
  const database = {
    newestId: (): number => {
      throw new Error("locked");
    },
    registeredAfter: () => [],
  };
  expect(new KnownPaths({ database }).list(10)).toEqual([]);
});
