import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { NiphasError, type StorePath } from "@niphas/core";
import { LineSplitter } from "../process/line-splitter.ts";
import { type PlanEvent, parsePlanEvent } from "./plan-event.ts";

/** How often it is looked whether the mesh lives. */
const LOOK_MS = 500;
/**
 * So many looks without a sign of life. Who waits for the mesh has less patience; this ends a mesh that nobody waits for,
 * and must not end one on a node that is too busy for signs.
 */
const SILENT_LOOKS = 20;
const MAX_LINE_LENGTH = 4_096;
/** Between two looks; the mesh sends two or three. */
const MAX_LINES = 200;

export interface PlanStreamInit {
  readonly url: string;
  readonly roots: readonly StorePath[];
  /** Never called after `onLost`. */
  readonly onEvent: (event: PlanEvent) => void;
  /** Once, unless closed before. */
  readonly onLost: (reason: NiphasError) => void;
}

/** The conversation with the mesh daemon about one plan. It is lost when it ends, is silent for 10 s, or is nonsense. */
export class PlanStream {
  readonly #init: PlanStreamInit;
  readonly #request: ClientRequest;
  readonly #look: NodeJS.Timeout;
  #silentLooks = 0;
  #lineCount = 0;
  #isOver = false;

  constructor(init: PlanStreamInit) {
    this.#init = init;
    this.#look = setInterval(() => this.#lookForLife(), LOOK_MS);
    this.#request = request(new URL("/plan", init.url), {
      method: "POST",
      agent: false,
      headers: { "content-type": "application/json" },
      maxHeaderSize: MAX_LINE_LENGTH,
    });
    this.#request.once("error", (cause) => this.#lose("does not answer", cause));
    this.#request.once("response", (response) => this.#read(response));
    this.#request.end(JSON.stringify({ roots: init.roots }));
  }

  close(): void {
    this.#isOver = true;
    clearInterval(this.#look);
    this.#request.destroy();
  }

  #read(response: IncomingMessage): void {
    response.on("error", (cause) => this.#lose("has gone", cause));
    response.once("close", () => this.#lose("has gone"));
    if (response.statusCode !== 200) this.#lose(`answers ${response.statusCode ?? "nothing"}`);
    const lines = new LineSplitter((line) => this.#take(line), MAX_LINE_LENGTH);
    response.setEncoding("utf8").on("data", (text: string) => {
      if (!this.#isOver) lines.push(text);
    });
  }

  #take(line: string): void {
    if (this.#isOver) return;
    this.#lineCount++;
    if (this.#lineCount > MAX_LINES) this.#lose("does not stop talking");
    else this.#tell(line);
  }

  #tell(line: string): void {
    try {
      const event = parsePlanEvent(line);
      this.#silentLooks = 0;
      if (event !== undefined) this.#init.onEvent(event);
    } catch (cause) {
      this.#lose("answers nonsense", cause);
    }
  }

  #lookForLife(): void {
    this.#lineCount = 0;
    this.#silentLooks++;
    if (this.#silentLooks > SILENT_LOOKS) this.#lose("gives no sign of life");
  }

  #lose(what: string, cause?: unknown): void {
    if (this.#isOver) return;
    this.close();
    this.#init.onLost(new NiphasError("SubstituterUnavailable", `the mesh ${what}`, { cause }));
  }
}
