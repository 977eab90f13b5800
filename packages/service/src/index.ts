export { type HealthSources, healthApp, type MetricsText } from "./health/health-app.ts";
export { type HealthServer, type HealthServerInit, serveHealth } from "./health/health-server.ts";
export { type FailedCheck, Readiness, type ReadinessCheck } from "./health/readiness.ts";
export { causeChain, errorFields } from "./log/error-fields.ts";
export { createLogger } from "./log/logger.ts";
export { keepHeapSmall } from "./memory/small-heap.ts";
