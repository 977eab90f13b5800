import { mountsBelow } from "@niphas/testing";
import { afterAll, afterEach, beforeAll, describe, expect } from "vitest";
import type { UserKind } from "./cli.ts";
import { RunFixture } from "./run-fixture.ts";

/**
 * A suite that runs once as root and once as an ordinary user, each with a
 * store of its own. After each test nothing may be left behind.
 * @param what reads on with "as root"
 */
export function describeForBothUsers(what: string, suite: (fixture: () => RunFixture, user: UserKind) => void): void {
  describe.each<UserKind>(["root", "ordinary user"])(`${what} as %s`, (user) => {
    let fixture: RunFixture | undefined;
    const created = (): RunFixture => {
      if (fixture === undefined) throw new Error("the fixture was not made");
      return fixture;
    };
    beforeAll(async () => {
      fixture = await RunFixture.create(user);
    });
    afterAll(async () => await fixture?.[Symbol.asyncDispose]());
    afterEach(() => {
      expect(created().leftovers()).toEqual([]);
      expect(mountsBelow(created().directory.path)).toEqual([]);
    });
    suite(created, user);
  });
}
