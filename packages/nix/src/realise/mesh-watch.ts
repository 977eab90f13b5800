import { NiphasError } from "@niphas/core";
import type { NeighboursPlan } from "../ports.ts";
import { FairTime, type FairTimeInit } from "./fair-time.ts";
import { ACTIVITY, type NixLogEvent, RESULT } from "./internal-json.ts";

const LOOK_MS = 100;
/** Nix's words for a NAR that does not have its signed hash; the mesh checks each before Nix has the last byte of it. */
const MISMATCH = "hash mismatch importing path";

type Result = Extract<NixLogEvent, { readonly action: "result" }>;
type Start = Extract<NixLogEvent, { readonly action: "start" }>;

/**
 * Looks on while Nix uses the mesh, and gives the mesh up when it is gone, keeps Nix waiting beyond all patience, or sends
 * what it may not. What Nix reports of itself counts; what the mesh says counts on credit: it may be hostile.
 */
export class MeshWatch implements Disposable {
  readonly #plan: NeighboursPlan;
  readonly #time: FairTime;
  readonly #lost = new AbortController();
  readonly #look: NodeJS.Timeout;
  /** What Nix is getting from the mesh, by its activity: a narinfo or a NAR. */
  readonly #transfers = new Map<number, "narinfo" | "nar">();
  /** Bytes of the paths that Nix is copying from the mesh. */
  readonly #copies = new Map<number, number>();

  constructor(plan: NeighboursPlan, init: FairTimeInit = {}) {
    this.#plan = plan;
    this.#time = new FairTime(init);
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
    else if (event.text.includes(MISMATCH)) this.#lose("sends wrong bytes");
  }

  /** Every 100 ms. */
  look(): void {
    const elapsedMs = this.#time.elapsedMs();
    const { progress, patience } = this.#plan;
    if (progress.doneBytes > progress.totalBytes) this.#lose("says to have got more than there is");
    if (this.#transfers.size > 0) patience.waited(elapsedMs);
    patience.said({ bytes: progress.doneBytes, paths: progress.donePaths + progress.totalPaths });
    if (this.#transfers.size === 0) return;
    if (!patience.isLost) return;
    const isForPaths = this.#transfers.values().every((kind) => kind === "narinfo");
    this.#lose(isForPaths ? "does not answer questions about paths" : "gives no bytes, or too few");
  }

  [Symbol.dispose](): void {
    clearInterval(this.#look);
    this.#plan.lost.removeEventListener("abort", this.#onLost);
  }

  #start({ id, type, fields }: Start): void {
    const [first, second] = fields;
    if (type === ACTIVITY.copyPath && this.#isMesh(second)) this.#copies.set(id, 0);
    if (type !== ACTIVITY.fileTransfer || !this.#isMesh(first)) return;
    this.#transfers.set(id, first.startsWith(`${this.#plan.substituter}/nar/`) ? "nar" : "narinfo");
  }

  /** @param url of a store, or of something in it */
  #isMesh(url: string | number | undefined): url is string {
    const { substituter } = this.#plan;
    return typeof url === "string" && (url === substituter || url.startsWith(`${substituter}/`));
  }

  #stop(id: number): void {
    this.#copies.delete(id);
    if (this.#transfers.get(id) === "narinfo") this.#plan.patience.answered();
    this.#transfers.delete(id);
  }

  #result({ id, type, fields: [done, expected] }: Result): void {
    const before = this.#copies.get(id);
    if (type !== RESULT.progress || before === undefined || typeof done !== "number") return;
    // The size is signed.
    if (typeof expected === "number" && expected > 0 && done > expected) this.#lose("sends more than there is");
    if (done <= before) return;
    this.#copies.set(id, done);
    this.#plan.patience.received(done - before);
  }

  #lose(what: string): void {
    this.#lost.abort(new NiphasError("SubstituterUnavailable", `the mesh ${what}`));
  }

  readonly #onLost = (): void => this.#lost.abort(this.#plan.lost.reason);
}
