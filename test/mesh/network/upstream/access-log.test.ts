import { appendFileSync } from "node:fs";
import { temporaryDirectory } from "@niphas/testing";
import { expect, it } from "vitest";
import { readAccessLog } from "./access-log.ts";

const LINE = `{"atSeconds":"1.5","client":"10.78.0.2","method":"GET","path":"/nar/a.nar","range":"bytes=5-","status":"206","bytes":"70"}\n`;

it("reads the complete lines of an access log, from a byte on", async () => {
  await using directory = temporaryDirectory("access-log");
  const file = directory.join("access.log");
  expect(readAccessLog(file, 0)).toEqual([]);
  appendFileSync(file, LINE + LINE + LINE.slice(0, 30));
  const request = { client: "10.78.0.2", method: "GET", path: "/nar/a.nar", range: "bytes=5-", status: 206, bytes: 70 };
  expect(readAccessLog(file, 0)).toEqual([
    { atSeconds: 1.5, ...request },
    { atSeconds: 1.5, ...request },
  ]);
  expect(readAccessLog(file, LINE.length)).toHaveLength(1);
});
