import { ManualClock } from "@niphas/service";
import { afterEach, beforeEach, expect, it } from "vitest";
import { CapturedLog } from "../twins/captured-log.ts";
import { SocketWatch, type WatchedServer } from "./socket-watch.ts";

/** Cannot be reached while it begins to listen, as a real one. */
class SlowServer implements WatchedServer {
  readonly socketPath = "/nonexistent/niphas.sock";
  readonly begun: PromiseWithResolvers<void>[] = [];
  #isReachable = true;

  isReachable(): boolean {
    return this.#isReachable;
  }

  async listenAgain(): Promise<void> {
    this.#isReachable = false;
    const next = Promise.withResolvers<void>();
    this.begun.push(next);
    await next.promise;
    this.#isReachable = true;
  }
}

let clock: ManualClock;
let server: SlowServer;
let watch: SocketWatch;
beforeEach(() => {
  clock = new ManualClock();
  server = new SlowServer();
  watch = new SocketWatch({ clock, logger: new CapturedLog().logger, servers: [server] });
});
afterEach(async () => {
  for (const { resolve } of server.begun) resolve();
  await watch.stop();
  expect(clock.timerCount).toBe(0);
});

it("offers a refused socket anew after 10 s, once, however often it looks meanwhile", async () => {
  watch.start();
  watch.offerLater(server);
  await clock.advance(9_999);
  expect(server.begun).toHaveLength(0);
  await clock.advance(1);
  const looks = [watch.check(), watch.check()];
  await clock.advance(5_000);
  expect(server.begun).toHaveLength(1);
  server.begun[0]?.resolve();
  await Promise.all(looks);
  await clock.advance(60_000);
  expect(server.begun).toHaveLength(1);
});

it("does not offer anything once it is stopped", async () => {
  watch.offerLater(server);
  await watch.stop();
  await clock.advance(60_000);
  expect(server.begun).toHaveLength(0);
});
