export {
  type Http2Limits,
  type Http2Options,
  Http2Protocol,
  type Http2Timeouts,
  type Http2Upgrade,
} from "./protocol.ts";
