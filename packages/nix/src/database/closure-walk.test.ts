import { expect, it } from "vitest";
import { type ClosureReader, walkClosure } from "./closure-walk.ts";
import type { Row } from "./rows.ts";

const HASH = `sha256:${"0".repeat(64)}`;
const never = new AbortController().signal;

function pathOf(id: number): string {
  return `/nix/store/${String(id).padStart(32, "0")}-p`;
}

/** Each path refers to the next and to itself; ids at or above `end` are not there. */
function chain(end: number): ClosureReader {
  const row = (id: number): Row => ({
    id,
    path: pathOf(id),
    hash: HASH,
    narSize: 1,
    sigs: null,
    ca: null,
    ultimate: null,
    registrationTime: 1,
  });
  return {
    rows: (ids) => ids.filter((id) => id < end).map(row),
    references: (ids) =>
      ids.filter((id) => id < end).flatMap((id) => [id, id + 1].map((reference) => ({ referrer: id, reference }))),
  };
}

it("reads a closure of many steps, each path once, and closes cycles", async () => {
  const reader = chain(300);
  const last: ClosureReader = {
    rows: reader.rows,
    references: (ids) => reader.references(ids).filter((row) => row["reference"] !== 300),
  };
  const infos = await walkClosure(last, [1, 1], never);
  expect(infos.map(({ id }) => id)).toEqual(Array.from({ length: 299 }, (_, index) => index + 1));
  expect(infos[0]?.references).toEqual([pathOf(1), pathOf(2)]);
});

it("says so when a path goes while it is read", async () => {
  await expect(walkClosure(chain(70), [1], never)).rejects.toMatchObject({ code: "ClosureCollected" });
});

it("ends when it is aborted", async () => {
  await expect(walkClosure(chain(1000), [1], AbortSignal.abort())).rejects.toMatchObject({ code: "Cancelled" });
});
