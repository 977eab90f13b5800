import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { MemoryMounter } from "../linux/memory-mounter.ts";
import { Leftovers } from "./leftovers.ts";

const PATHS = Array.from({ length: 20 }, (_, index) => `/views/.tmp-${index}`);

/** Leftovers whose deletion takes until the next turn of the event loop. */
function recording(failing?: string) {
  const erased: string[] = [];
  const errors: unknown[] = [];
  let running = 0;
  let mostAtOnce = 0;
  const directory = {
    leftovers: () => PATHS,
    erase: async (path: string): Promise<void> => {
      mostAtOnce = Math.max(mostAtOnce, ++running);
      await setImmediate();
      running--;
      if (path === failing) throw new Error("it cannot be deleted");
      erased.push(path);
    },
  };
  const report = (error: unknown): void => void errors.push(error);
  const leftovers = new Leftovers({ directory, mounter: new MemoryMounter() }, { report });
  return { leftovers, erased, errors, mostAtOnce: () => mostAtOnce };
}

describe("Leftovers", () => {
  it("deletes any number of them one at a time", async () => {
    const { leftovers, erased, mostAtOnce } = recording();
    leftovers.eraseAll();
    await leftovers.idle();
    expect(erased).toEqual(PATHS);
    expect(mostAtOnce()).toBe(1);
  });

  it("goes on after one that cannot be deleted, and reports it", async () => {
    const { leftovers, erased, errors } = recording(PATHS[3]);
    leftovers.eraseAll();
    await leftovers.idle();
    expect(erased).toEqual(PATHS.filter((path) => path !== PATHS[3]));
    expect(errors).toHaveLength(1);
  });
});
