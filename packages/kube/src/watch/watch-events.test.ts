import fc from "fast-check";
import { expect, it } from "vitest";
import { PODS } from "../objects/core.ts";
import { watchEvents } from "./watch-events.ts";

async function read(...lines: readonly string[]) {
  async function* body(): AsyncGenerator<Buffer> {
    yield Buffer.from(lines.map((line) => `${line}\n`).join(""));
  }
  return Array.fromAsync(watchEvents(PODS, body()));
}

it("gives what an ERROR event says", async () => {
  const status = { kind: "Status", code: 410, message: "too old" };
  await expect(read(JSON.stringify({ type: "ERROR", object: status }))).rejects.toMatchObject({ code: "ApiExpired" });
  await expect(read(JSON.stringify({ type: "ERROR" }))).rejects.toMatchObject({ code: "ApiUnavailable" });
});

it("takes a bookmark without a version for no event: a watch from no version would miss what is gone", async () => {
  for (const object of [undefined, {}, { metadata: { resourceVersion: "" } }]) {
    await expect(read(JSON.stringify({ type: "BOOKMARK", object }))).rejects.toMatchObject({ code: "ApiUnavailable" });
  }
});

it("gives events, or ApiUnavailable for whatever else comes", async () => {
  const odd = fc.oneof(
    fc.string().map((text) => text.replaceAll("\n", " ")),
    fc.json(),
  );
  const type = fc.constantFrom("ADDED", "MODIFIED", "DELETED", "BOOKMARK", "toString", "");
  const event = fc.record({ type, object: fc.jsonValue() }).map((value) => JSON.stringify(value));
  const property = fc.asyncProperty(fc.oneof(odd, event), async (line) => {
    try {
      for (const { type: known } of await read(line)) expect(known).toMatch(/^(added|modified|deleted|bookmark)$/);
    } catch (error) {
      expect(error).toMatchObject({ code: "ApiUnavailable" });
    }
  });
  await fc.assert(property);
});
