import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseNixLogLine } from "./internal-json.ts";

describe("parseNixLogLine", () => {
  it.each([
    [
      '@nix {"action":"start","fields":["/nix/store/a","http://cache"],"id":7,"level":0,"parent":0,"text":"","type":108}',
      { action: "start", id: 7, type: 108, fields: ["/nix/store/a", "http://cache"] },
    ],
    [
      '@nix {"action":"start","id":7,"level":0,"text":"","type":103}',
      { action: "start", id: 7, type: 103, fields: [] },
    ],
    ['@nix {"action":"stop","id":7}', { action: "stop", id: 7 }],
    [
      '@nix {"action":"result","fields":[1,2,0,0],"id":7,"type":105}',
      { action: "result", id: 7, type: 105, fields: [1, 2, 0, 0] },
    ],
    ['@nix {"action":"msg","level":3,"msg":"copying"}', { action: "msg", level: 3, text: "copying" }],
    [
      '@nix {"action":"msg","level":0,"msg":"\\u001b[31;1merror:\\u001b[0m no","raw_msg":"no","line":null}',
      { action: "msg", level: 0, text: "no" },
    ],
  ])("reads %s", (line, event) => {
    expect(parseNixLogLine(line)).toEqual(event);
  });

  it.each([
    "error: plain text",
    "@nix",
    "@nix ",
    "@nix null",
    "@nix []",
    '@nix {"action":"start","id":"7","type":1}',
    '@nix {"action":"start","id":7}',
    '@nix {"action":"explode","id":7,"type":1}',
    '@nix {"action":"msg","level":"high","msg":"x"}',
    '@nix {"action":"result","fields":[1,2,0,0],"id":7,"type":105',
  ])("gives nothing for %s", (line) => {
    expect(parseNixLogLine(line)).toBeUndefined();
  });

  it("never throws, and gives only scalar fields", () => {
    const record = fc.record({
      action: fc.constantFrom("start", "result"),
      id: fc.integer(),
      type: fc.integer(),
      fields: fc.jsonValue(),
    });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          record.map((value) => JSON.stringify(value)),
        ),
        (text) => {
          const event = parseNixLogLine(`@nix ${text}`);
          if (event === undefined || !("fields" in event)) return;
          expect(event.fields.every((field) => typeof field === "string" || typeof field === "number")).toBe(true);
        },
      ),
    );
  });
});
