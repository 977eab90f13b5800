import type { IncomingMessage } from "node:http";
import { type Ends, type ExchangeComponents, exchangeError, openExchange } from "../client/exchange.ts";
import { requestPath } from "../http/request-path.ts";
import type { ApiRequest } from "../http/transport.ts";
import type { KubeObject } from "../objects/kube-object.ts";
import type { Resource } from "../objects/resource.ts";
import type { WatchEvent, WatchOptions, WatchStream } from "../ports.ts";
import { SilenceTimer } from "./silence-timer.ts";
import { watchEvents } from "./watch-events.ts";

/** The API server ends a watch after this time; spread, so that the watches of many clients do not begin anew at once. */
const MIN_WATCH_SECONDS = 240;
const WATCH_SPREAD_SECONDS = 120;

/** Opens a watch. A silence of `silenceMs` ends it, before it is accepted or after. */
export async function openWatch<T extends KubeObject>(
  components: ExchangeComponents,
  resource: Resource<T>,
  { silenceMs, namespace, ...selection }: WatchOptions & { readonly silenceMs: number },
  signal: AbortSignal,
): Promise<WatchStream<T>> {
  const timeoutSeconds = MIN_WATCH_SECONDS + Math.floor(Math.random() * WATCH_SPREAD_SECONDS);
  const query = { ...selection, watch: true, allowWatchBookmarks: true, timeoutSeconds };
  const request = { method: "GET", path: requestPath(resource, { namespace }, query) } as const;
  const silence = new SilenceTimer({ timeoutMs: silenceMs });
  const ends = { cancelled: signal, late: silence.signal };
  try {
    const response = await openExchange(components, request, { ends, budgetMs: silenceMs });
    return eventsOf(resource, response, { silence, ends, request });
  } catch (error) {
    silence.stop();
    throw exchangeError(error, ends, request);
  }
}

async function* eventsOf<T extends KubeObject>(
  resource: Resource<T>,
  response: IncomingMessage,
  { silence, ends, request }: { readonly silence: SilenceTimer; readonly ends: Ends; readonly request: ApiRequest },
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  try {
    yield* watchEvents(resource, noticed(response, silence));
  } catch (error) {
    throw exchangeError(error, ends, request);
  } finally {
    silence.stop();
    response.destroy();
  }
}

async function* noticed(body: AsyncIterable<Buffer>, silence: SilenceTimer): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of body) {
    silence.restart();
    yield chunk;
  }
}
