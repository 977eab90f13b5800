import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { temporaryDirectory } from "../resources/temporary-directory.ts";
import { podVolume } from "./pod-volume.ts";
import { removeMountDir, saveVolumeData, volumesOnDisk } from "./volume-data.ts";

it("finds again what it saved, with the id that the kubelet makes", async () => {
  await using directory = temporaryDirectory("volume-data");
  const volume = podVolume(directory.path, "uid-1", "nix");
  saveVolumeData(volume, "csi.niphas.io", "node");
  expect(volumesOnDisk(directory.path)).toMatchObject([{ volume, volumeHandle: volume.volumeId }]);
});

it("removes an empty target and its own file, and nothing that holds something", async () => {
  await using directory = temporaryDirectory("volume-data");
  const [empty, full] = [podVolume(directory.path, "uid-1", "a"), podVolume(directory.path, "uid-1", "b")];
  for (const volume of [empty, full]) {
    saveVolumeData(volume, "csi.niphas.io", "node");
    mkdirSync(volume.targetPath);
  }
  writeFileSync(join(full.targetPath, "precious"), "");
  expect(removeMountDir(empty)).toBeUndefined();
  expect(existsSync(empty.volumeDir)).toBe(false);
  expect(removeMountDir(full)).toMatch(/failed to remove/);
  expect(existsSync(join(full.targetPath, "precious"))).toBe(true);
});

it("passes over volumes whose file cannot be read", async () => {
  await using directory = temporaryDirectory("volume-data");
  const volume = podVolume(directory.path, "uid-1", "nix");
  mkdirSync(volume.volumeDir, { recursive: true });
  fc.assert(
    fc.property(fc.string(), (text) => {
      writeFileSync(join(volume.volumeDir, "vol_data.json"), text);
      expect(volumesOnDisk(directory.path)).toEqual([]);
    }),
    { numRuns: 50 },
  );
});
