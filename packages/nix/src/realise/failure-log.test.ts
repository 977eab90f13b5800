import { describe, expect, it } from "vitest";
import { FailureLog } from "./failure-log.ts";

const PATH = `/nix/store/${"a".repeat(32)}-app`;

describe("FailureLog", () => {
  it("keeps errors and warnings as plain text and forgets the rest", () => {
    const log = new FailureLog();
    log.apply({ action: "msg", level: 0, text: "\u001b[31merror:\u001b[0m from 'http://u:canary@h'" });
    log.apply({ action: "msg", level: 1, text: "warning" });
    log.apply({ action: "msg", level: 4, text: "chatter" });
    log.apply({ action: "stop", id: 1 });
    expect(log.messages()).toEqual(["error: from 'http://h'", "warning"]);
  });

  it("keeps the first and the last messages of many", () => {
    const log = new FailureLog();
    for (let index = 0; index < 10_000; index++) log.add(`message ${index}`);
    expect(log.messages()).toHaveLength(400);
    expect(log.messages()[0]).toBe("message 0");
    expect(log.messages().at(-1)).toBe("message 9999");
  });

  it("collects the paths of which Nix knows no source, and no other list", () => {
    const log = new FailureLog();
    const say = (text: string): void => log.apply({ action: "msg", level: 3, text });
    say("these 2 paths will be fetched (1 MiB download):");
    say(`  /nix/store/${"b".repeat(32)}-fetched`);
    say("don't know how to build these paths:");
    say(`  ${PATH}`);
    say("something else");
    say(`  /nix/store/${"c".repeat(32)}-later`);
    expect(log.unknownPaths()).toEqual([PATH]);
  });
});
