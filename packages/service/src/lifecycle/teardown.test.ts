import { expect, it } from "vitest";
import { Teardown } from "./teardown.ts";

it("runs its steps in reverse and goes on after one that fails", async () => {
  const events: string[] = [];
  const teardown = new Teardown((error) => events.push(String(error)));
  teardown.defer(() => void events.push("first"));
  teardown.defer(async () => Promise.reject(new Error("stuck")));
  teardown.defer(() => void events.push("last"));
  await teardown.run();
  expect(events).toEqual(["last", "Error: stuck", "first"]);
});
