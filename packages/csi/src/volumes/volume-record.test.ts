import type { ViewKey } from "@niphas/core";
import fc from "fast-check";
import { expect, it } from "vitest";
import { HELLO, volumeId } from "../twins/test-plugin.ts";
import { formatVolumeRecord, parseVolumeRecord, RECORD_VERSION, type VolumeRecord } from "./volume-record.ts";

const RECORD: VolumeRecord = {
  version: RECORD_VERSION,
  volumeId: volumeId(1),
  targetPath: "/var/lib/kubelet/pods/1/mount",
  roots: [HELLO],
  layout: "store",
  links: [{ name: "entrypoint", target: `${HELLO}/bin/hello` }],
  view: "auto",
  viewKey: "0".repeat(64) as ViewKey,
  viewRootDir: "/var/lib/niphas/views/0/root",
  viewDevice: "0:42",
  pod: { namespace: "default", name: "web", uid: "1", serviceAccount: "default" },
  createdAt: "2026-01-01T00:00:00.000Z",
  isRebuilt: false,
};

it("reads what it wrote", () => {
  expect(parseVolumeRecord(formatVolumeRecord(RECORD))).toEqual(RECORD);
});

it("drops fields that it does not know", () => {
  expect(parseVolumeRecord(JSON.stringify({ ...RECORD, secret: "x" }))).toEqual(RECORD);
});

it("refuses a record that is cut off anywhere", () => {
  const text = formatVolumeRecord(RECORD).trimEnd();
  for (let length = 0; length < text.length; length++) expect(parseVolumeRecord(text.slice(0, length))).toBeUndefined();
});

it("refuses another version and every damaged field", () => {
  expect(parseVolumeRecord(JSON.stringify({ ...RECORD, version: 2 }))).toBeUndefined();
  for (const key of Object.keys(RECORD).filter((each) => each !== "isRebuilt")) {
    expect(parseVolumeRecord(JSON.stringify({ ...RECORD, [key]: 7 })), key).toBeUndefined();
  }
  expect(parseVolumeRecord(JSON.stringify({ ...RECORD, targetPath: "/a/../../etc" }))).toBeUndefined();
});

it("never throws, whatever the file holds", () => {
  const damaged = fc.record({ key: fc.constantFrom(...Object.keys(RECORD)), value: fc.jsonValue() });
  const texts = fc.oneof(
    fc.string(),
    fc.json(),
    damaged.map(({ key, value }) => JSON.stringify({ ...RECORD, [key]: value })),
  );
  fc.assert(fc.property(texts, (text) => void parseVolumeRecord(text)));
});
