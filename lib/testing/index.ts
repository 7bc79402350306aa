export { type SelfSigned, selfSigned } from "../certificate.ts";
export { Client } from "./client.ts";
export { type ContractCase, type ContractScript, contract } from "./contract.ts";
export type { Script } from "./script.ts";
export { type Switched, type SwitchedOptions, switched } from "./switched.ts";
