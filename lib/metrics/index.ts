export { type Exposition, prometheus } from "./prometheus.ts";
