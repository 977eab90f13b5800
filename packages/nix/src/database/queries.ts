/** Parameters: JSON array of root paths. */
const CLOSURE = `
  WITH RECURSIVE closure(id) AS (
    SELECT id FROM ValidPaths WHERE path IN (SELECT value FROM json_each(?))
    UNION
    SELECT reference FROM Refs JOIN closure ON referrer = closure.id
  )`;

const COLUMNS = "v.id, v.path, v.hash, v.narSize, v.sigs, v.ca, v.ultimate, v.registrationTime";

/** Nix's schema: libstore/schema.sql. */
export const SQL = {
  validId: "SELECT id FROM ValidPaths WHERE path = ?",
  pathInfo: `SELECT ${COLUMNS} FROM ValidPaths v WHERE v.path = ?`,
  pathFrom: "SELECT path FROM ValidPaths WHERE path >= ? ORDER BY path LIMIT 1",
  references: "SELECT v.path FROM Refs r JOIN ValidPaths v ON v.id = r.reference WHERE r.referrer = ? ORDER BY v.path",
  closure: `${CLOSURE} SELECT ${COLUMNS} FROM closure JOIN ValidPaths v ON v.id = closure.id ORDER BY v.path`,
  closureReferences: `${CLOSURE} SELECT r.referrer, r.reference FROM closure JOIN Refs r ON r.referrer = closure.id`,
  rowsOf: `SELECT ${COLUMNS} FROM ValidPaths v WHERE v.id IN (SELECT value FROM json_each(?))`,
  referencesOf: "SELECT referrer, reference FROM Refs WHERE referrer IN (SELECT value FROM json_each(?))",
  closureSize: `${CLOSURE} SELECT count(*) AS pathCount, coalesce(sum(v.narSize), 0) AS narSizeBytes
                FROM closure JOIN ValidPaths v ON v.id = closure.id`,
  /** Parameters: id, limit; a negative limit is none. */
  registeredAfter: "SELECT id, path, sigs, ca FROM ValidPaths WHERE id > ? ORDER BY id LIMIT ?",
  newestId: "SELECT coalesce(max(id), 0) AS id FROM ValidPaths",
} as const;
