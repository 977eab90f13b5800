import type { Hono } from "hono";

type Fetch = (request: Request) => Response | Promise<Response>;

const CONTROL = /^\/(plan|status|why)(\/|$)/;

/** Questions of the node plugin and of people go to `control`, all others are Nix's. */
export function dispatch(control: Pick<Hono, "fetch">, substituter: Pick<Hono, "fetch">): Fetch {
  return (request) => (CONTROL.test(new URL(request.url).pathname) ? control : substituter).fetch(request);
}
