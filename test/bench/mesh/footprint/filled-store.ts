import { randomFillSync } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { type PathDigest, pathHashOf } from "@niphas/mesh";
import { type StoreLocation, storeLayout } from "@niphas/nix";
import { TestStore } from "@niphas/testing";

const DIGEST_BYTES = 20;

/** As long as a real one; without any, members are told of no path. */
const SIGNATURE = `bench-1:${Buffer.alloc(64).toString("base64")}`;

/** A store whose schema real Nix has made, and whose database says that so many paths are valid. None of them has files. */
export async function filledStore(directory: string, pathCount: number): Promise<StoreLocation> {
  const { location } = await TestStore.create(directory, { scratchDir: `${directory}-scratch` });
  using database = new DatabaseSync(storeLayout(location).databaseFile);
  const insert = database.prepare(
    "INSERT INTO ValidPaths (path, hash, registrationTime, narSize, sigs) VALUES (?, ?, ?, ?, ?)",
  );
  const digest = new Uint8Array(DIGEST_BYTES) as PathDigest;
  database.exec("BEGIN");
  for (let index = 0; index < pathCount; index++) {
    randomFillSync(digest);
    const hash = `sha256:${String(index).padStart(64, "0")}`;
    const path = `/nix/store/${pathHashOf(digest)}-package-${index}-1.0.${index % 100}`;
    insert.run(path, hash, 1_700_000_000, 100_000, SIGNATURE);
  }
  database.exec("COMMIT");
  return location;
}
