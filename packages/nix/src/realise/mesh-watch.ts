import { NiphasError } from "@niphas/core";
import type { NeighboursPlan } from "../ports.ts";
import { ACTIVITY, type NixLogEvent, RESULT } from "./internal-json.ts";

const LOOK_MS = 250;
/** The mesh answers questions about paths within 2 s; without any answer for so long it breaks that promise. */
const NAR_INFO_MS = 2_500;
/** While Nix waits for bytes of the mesh: neither has come further. */
const STANDSTILL_MS = 4_000;
/** Less than this is no step of the mesh. */
const STEP_BYTES = 64 * 1024;
/** The same, whatever the mesh says of itself: it keeps up to 16 MiB of a NAR back until it is verified. */
const NIX_STANDSTILL_MS = 60_000;

export interface MeshWatchInit {
  /** Monotonic. @default performance.now */
  readonly nowMs?: () => number;
}

type Result = Extract<NixLogEvent, { readonly action: "result" }>;
type Start = Extract<NixLogEvent, { readonly action: "start" }>;

/** Looks on while Nix uses the mesh, and gives the mesh up when it is gone, holds Nix up, or sends more than it may. */
export class MeshWatch implements Disposable {
  readonly #plan: NeighboursPlan;
  readonly #nowMs: () => number;
  readonly #lost = new AbortController();
  readonly #look: NodeJS.Timeout;
  /** What Nix is getting from the mesh, by its activity: a narinfo or a NAR. */
  readonly #transfers = new Map<number, "narinfo" | "nar">();
  readonly #copies = new Map<number, number>();
  #answeredMs: number;
  #nixMs: number;
  #meshMs: number;
  #meshBytes = 0;

  constructor(plan: NeighboursPlan, init: MeshWatchInit = {}) {
    this.#plan = plan;
    this.#nowMs = init.nowMs ?? (() => performance.now());
    const nowMs = this.#nowMs();
    this.#answeredMs = nowMs;
    this.#nixMs = nowMs;
    this.#meshMs = nowMs;
    this.#look = setInterval(() => this.look(), LOOK_MS);
    plan.lost.addEventListener("abort", this.#onLost, { once: true });
    if (plan.lost.aborted) this.#onLost();
  }

  /** Aborted with the reason, a NiphasError. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  apply(event: NixLogEvent): void {
    if (event.action === "start") this.#start(event);
    else if (event.action === "stop") this.#stop(event.id);
    else if (event.action === "result") this.#result(event);
  }

  /** Every 250 ms. */
  look(): void {
    const nowMs = this.#nowMs();
    const { doneBytes, totalBytes } = this.#plan.progress;
    if (doneBytes > totalBytes) this.#lose("says to have got more than there is");
    if (doneBytes >= this.#meshBytes + STEP_BYTES) {
      this.#meshMs = nowMs;
      this.#meshBytes = doneBytes;
    }
    if (this.#transfers.size === 0) return;
    if (this.#isAsking && nowMs - this.#answeredMs > NAR_INFO_MS) this.#lose("does not answer questions about paths");
    const nixWaitedMs = nowMs - this.#nixMs;
    const isStill = nixWaitedMs > STANDSTILL_MS && nowMs - this.#meshMs > STANDSTILL_MS;
    if (isStill || nixWaitedMs > NIX_STANDSTILL_MS) this.#lose("gives no bytes");
  }

  [Symbol.dispose](): void {
    clearInterval(this.#look);
    this.#plan.lost.removeEventListener("abort", this.#onLost);
  }

  get #isAsking(): boolean {
    return this.#transfers.values().some((kind) => kind === "narinfo");
  }

  #start({ id, type, fields }: Start): void {
    if (type === ACTIVITY.copyPath) this.#copies.set(id, 0);
    const [url] = fields;
    if (type !== ACTIVITY.fileTransfer || typeof url !== "string" || !url.startsWith(`${this.#plan.substituter}/`))
      return;
    const nowMs = this.#nowMs();
    const kind = url.startsWith(`${this.#plan.substituter}/nar/`) ? "nar" : "narinfo";
    if (kind === "narinfo" && !this.#isAsking) this.#answeredMs = nowMs;
    if (this.#transfers.size === 0) this.#nixMs = nowMs;
    this.#transfers.set(id, kind);
  }

  #stop(id: number): void {
    const nowMs = this.#nowMs();
    this.#copies.delete(id);
    const kind = this.#transfers.get(id);
    this.#transfers.delete(id);
    if (kind === "narinfo") this.#answeredMs = nowMs;
    this.#nixMs = nowMs;
  }

  #result({ id, type, fields: [done, expected] }: Result): void {
    const before = this.#copies.get(id);
    if (type !== RESULT.progress || before === undefined || typeof done !== "number") return;
    // The size is signed.
    if (typeof expected === "number" && expected > 0 && done > expected) this.#lose("sends more than there is");
    if (done <= before) return;
    this.#copies.set(id, done);
    this.#nixMs = this.#nowMs();
  }

  #lose(what: string): void {
    this.#lost.abort(new NiphasError("SubstituterUnavailable", `the mesh ${what}`));
  }

  readonly #onLost = (): void => this.#lost.abort(this.#plan.lost.reason);
}
