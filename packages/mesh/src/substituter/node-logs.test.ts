import { mkdirSync, writeFileSync } from "node:fs";
import { temporaryDirectory } from "@niphas/testing";
import fc from "fast-check";
import { expect, it } from "vitest";
import { isDerivationName, NodeLogs } from "./node-logs.ts";

const { signal: never } = new AbortController();
const NAME = `${"0".repeat(32)}-app.drv`;

it("finds a build's log, as it is or compressed", async () => {
  await using directory = temporaryDirectory("logs");
  const logs = new NodeLogs({ rootDir: directory.path });
  const dir = directory.join("nix/var/log/nix/drvs/00");
  mkdirSync(dir, { recursive: true });
  expect(await logs.open(NAME, never)).toBeUndefined();
  writeFileSync(`${dir}/${NAME.slice(2)}.bz2`, "compressed");
  await using compressed = await logs.open(NAME, never);
  expect(compressed?.contentEncoding).toBe("bzip2");
  writeFileSync(`${dir}/${NAME.slice(2)}`, "plain");
  await using plain = await logs.open(NAME, never);
  expect(plain?.contentEncoding).toBeUndefined();
  expect(Buffer.concat(await Array.fromAsync(plain?.body ?? [])).toString()).toBe("plain");
});

it("takes nothing for a derivation that could lead elsewhere", () => {
  expect(isDerivationName(NAME)).toBe(true);
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(isDerivationName(text)).toBe(false);
      expect(isDerivationName(`${"0".repeat(32)}-${text}/x.drv`)).toBe(false);
    }),
  );
});
