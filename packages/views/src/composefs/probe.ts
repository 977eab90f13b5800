import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { release } from "node:os";
import { basename, join } from "node:path";
import { isNiphasError, parseNarHash, parseStorePath, STORE_DIR, systemErrorCode } from "@niphas/core";
import type { ProbeResult, ViewPlan, ViewStrategy } from "../ports.ts";
import { findTool } from "../tools/tool.ts";

const SHOWN = parseStorePath(`${STORE_DIR}/${"0".repeat(32)}-shown`);
const DECOY = `${"1".repeat(32)}-decoy`;
const BYTES = "the bytes that must be read";
const KERNEL_ADVICE =
  "use a kernel with EROFS and overlayfs (Linux 6.5 or newer; 6.12 or newer without loop devices), or the tree view";

/**
 * Builds, mounts and looks at a view of one path whose base directory also
 * holds another: older kernels mount it too, but show all of the base directory.
 */
export async function probeComposefs(
  strategy: ViewStrategy,
  mountTool: string,
  viewsDir: string,
  signal: AbortSignal,
): Promise<ProbeResult> {
  if (!(await isExecutable(mountTool))) {
    return failed(`${basename(mountTool)} is not installed`, "install the composefs package so that it is on PATH");
  }
  const viewDir = await mkdtemp(join(viewsDir, ".tmp-probe-"));
  try {
    return await probeIn(strategy, viewDir, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    return failed(describe(error), KERNEL_ADVICE);
  } finally {
    await strategy.deactivate(viewDir);
    await rm(viewDir, { recursive: true, force: true });
  }
}

async function probeIn(strategy: ViewStrategy, viewDir: string, signal: AbortSignal): Promise<ProbeResult> {
  const storeDir = join(viewDir, "store");
  for (const path of [basename(SHOWN), DECOY]) {
    await mkdir(join(storeDir, path), { recursive: true });
    await writeFile(join(storeDir, path, "file"), BYTES);
  }
  await strategy.build(planOf(storeDir), viewDir, signal);
  await strategy.activate(viewDir, storeDir, signal);
  const problem = await problemOf(join(viewDir, "root"));
  return problem === undefined ? { ok: true } : failed(`${problem} (Linux ${release()})`, KERNEL_ADVICE);
}

/** What is wrong with the mounted view; undefined when nothing is. */
async function problemOf(rootDir: string): Promise<string | undefined> {
  const shown = basename(SHOWN);
  const listed = await Promise.all(["", ".roots", shown].map((path) => readdir(join(rootDir, path))));
  const expected = [[".roots", shown], ["shown"], ["file"]];
  if (listed.some((names, index) => names.sort().join() !== expected[index]?.join())) {
    return "the kernel shows paths that are not in the view";
  }
  if ((await readFile(join(rootDir, ".roots/shown/file"), "utf8")) !== BYTES) return "the view shows wrong bytes";
  const write = await writeFile(join(rootDir, shown, "new"), "").then(() => "success", systemErrorCode);
  return write === "EROFS" ? undefined : "the view can be written to";
}

function planOf(physicalStoreDir: string): ViewPlan {
  const info = {
    id: 1,
    path: SHOWN,
    narHash: parseNarHash(`sha256:${"0".repeat(64)}`),
    narSizeBytes: 0,
    references: [],
    signatures: [],
    contentAddress: undefined,
    isUltimate: false,
    registeredAtSeconds: 1,
  };
  return { layout: "store", roots: [SHOWN], links: [], closure: [info], physicalStoreDir };
}

async function isExecutable(tool: string): Promise<boolean> {
  if (!tool.includes("/")) return (await findTool(tool)) !== undefined;
  return await access(tool).then(
    () => true,
    () => false,
  );
}

function describe(error: unknown): string {
  const detail = isNiphasError(error) ? error.message : (systemErrorCode(error) ?? "unknown error");
  return `a composefs view cannot be mounted: ${detail}`;
}

function failed(reason: string, advice: string): ProbeResult {
  return { ok: false, reason, advice };
}
