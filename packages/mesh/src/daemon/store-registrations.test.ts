import { parseStorePath } from "@niphas/core";
import { expect, it } from "vitest";
import { pathHashOf } from "../upstream/path-hash.ts";
import { StoreRegistrations } from "./store-registrations.ts";

const path = (id: number) => parseStorePath(`/nix/store/${id.toString().padStart(32, "0")}-x`);
const hashes = (...ids: readonly number[]) => ids.map((id) => pathHashOf(path(id)));

/** A store of rows with growing ids that can be locked. */
function rig() {
  const rows: number[] = [];
  const state = { isLocked: false };
  const read = <T>(value: () => T): T => {
    if (state.isLocked) throw new Error("locked");
    return value();
  };
  const database = {
    newestId: () => read(() => rows.at(-1) ?? 0),
    registeredAfter: (from: number, limit = 1_000) =>
      read(() =>
        rows
          .filter((id) => id > from)
          .slice(0, limit)
          .map((id) => ({ id, path: path(id), signatures: [], contentAddress: undefined })),
      ),
  };
  return { rows, state, registrations: new StoreRegistrations({ database }) };
}

it("tells each follower what became valid since it last asked", () => {
  const { rows, registrations } = rig();
  rows.push(1, 2);
  const since = registrations.follow();
  expect(since()).toEqual([]);
  rows.push(3, 7);
  expect(since()).toEqual(hashes(3, 7));
  expect(since()).toEqual([]);
  expect(registrations.follow()()).toEqual([]);
});

it("goes on after paths were removed", () => {
  const { rows, registrations } = rig();
  rows.push(1, 2, 3);
  const since = registrations.follow();
  rows.length = 1;
  expect(since()).toEqual([]);
  rows.push(4);
  expect(since()).toEqual(hashes(4));
});

it("tells later what it could not see while the database was locked", () => {
  const { rows, state, registrations } = rig();
  rows.push(1);
  const since = registrations.follow();
  state.isLocked = true;
  rows.push(2);
  expect(since()).toEqual([]);
  state.isLocked = false;
  expect(since()).toEqual(hashes(2));
});

it("tells thousands of paths in slices", () => {
  const { rows, registrations } = rig();
  const since = registrations.follow();
  rows.push(...Array.from({ length: 1_000 }, (_, index) => index + 1));
  const told = [since().length, since().length, since().length];
  expect(told).toEqual([512, 488, 0]);
});
