import { requirePeer } from "../../servers/peers.ts";
import { type Level, type Peer, threeNames, verdictSum } from "../peer.ts";

/** What is used of it; Node's types do not know it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

/** llhttp as undici has it inside, which is built so that it parses requests as well. */
interface Llhttp {
  readonly memory: { readonly buffer: ArrayBuffer };
  malloc(bytes: number): number;
  llhttp_alloc(type: number): number;
  llhttp_execute(parser: number, at: number, length: number): number;
  llhttp_resume_after_upgrade(parser: number): void;
  llhttp_get_method(parser: number): number;
  llhttp_get_http_minor(parser: number): number;
  llhttp_get_error_pos(parser: number): number;
}

interface Constants {
  readonly METHODS: Readonly<Record<string, number>>;
  readonly TYPE: { readonly REQUEST: number };
}

const ok = 0;
const pausedUpgrade = 22;
const memoryBytes = 131_072;
const [host, userAgent, accept] = threeNames.map((name) => Buffer.from(name)) as [Buffer, Buffer, Buffer];

/**
 * The glue: a chunk is copied behind what has come of its head, so that names and values are whole in the memory; they are noted
 * by where they begin and end, and become strings when the head is whole and the level asks for them. The callbacks have as many
 * parameters as they are called with, and their state in variables: both make calls out of WebAssembly faster.
 */
export function llhttpWasm(level: Level): Peer {
  const { METHODS, TYPE } = requirePeer("undici/lib/llhttp/constants.js") as Constants;
  const methods: string[] = [];
  for (const [name, number] of Object.entries(METHODS)) {
    methods[number] = name;
  }
  /** Of each field, where its name and its value begin and end. */
  const spans = new Int32Array(4 * 256);
  let last = -4;
  let inValue = true;
  let targetStart = 0;
  let targetEnd = 0;
  let sum = 0;

  const nothing = (_parser: number): number => 0;
  const nothingOf = (_parser: number, _at: number, _length: number): number => 0;

  function onTarget(_parser: number, at: number, length: number): number {
    if (targetEnd !== at) {
      targetStart = at;
    }
    targetEnd = at + length;
    return 0;
  }

  function onName(_parser: number, at: number, length: number): number {
    if (inValue) {
      inValue = false;
      last += 4;
      spans[last] = at;
    }
    spans[last + 1] = at + length;
    return 0;
  }

  function onValue(_parser: number, at: number, length: number): number {
    if (!inValue) {
      inValue = true;
      spans[last + 2] = at;
    }
    spans[last + 3] = at + length;
    return 0;
  }

  function onHead(parser: number, _status: number, upgrade: number, keepAlive: number): number {
    sum += verdictSum(llhttp.llhttp_get_http_minor(parser), keepAlive === 1, upgrade === 1);
    if (level !== "verdict") {
      sum += methods[llhttp.llhttp_get_method(parser)]!.length + textAt(targetStart, targetEnd).length;
    }
    if (level === "three") {
      sum += sumOfThree();
    } else if (level === "all") {
      sum += sumOfAll();
    }
    last = -4;
    inValue = true;
    targetEnd = 0;
    return 0;
  }

  function sumOfThree(): number {
    let lengths = 0;
    for (let n = 0; n <= last; n += 4) {
      const start = spans[n]!;
      const length = spans[n + 1]! - start;
      const name = length === 4 ? host : length === 6 ? accept : length === 10 ? userAgent : undefined;
      if (name !== undefined && isNamed(name, start)) {
        lengths += textAt(spans[n + 2]!, spans[n + 3]!).length;
      }
    }
    return lengths;
  }

  /** Whatever the case: a bit makes letters small, and leaves a hyphen as it is. */
  function isNamed(name: Buffer, start: number): boolean {
    for (let at = 0; at < name.length; at++) {
      if ((memory[start + at]! | 0x20) !== name[at]) {
        return false;
      }
    }
    return true;
  }

  function sumOfAll(): number {
    let lengths = 0;
    for (let n = 0; n <= last; n += 4) {
      lengths += textAt(spans[n]!, spans[n + 1]!).length + textAt(spans[n + 2]!, spans[n + 3]!).length;
    }
    return lengths;
  }

  function textAt(from: number, to: number): string {
    return memory.toString("latin1", from, to);
  }

  function execute(at: number, length: number): void {
    const code = llhttp.llhttp_execute(parser, at, length);
    if (code === pausedUpgrade && llhttp.llhttp_get_error_pos(parser) === at + length) {
      llhttp.llhttp_resume_after_upgrade(parser);
    } else if (code !== ok) {
      throw new Error(`llhttp says ${code}`);
    }
  }

  const readsFields = level === "three" || level === "all";
  const env = {
    wasm_on_message_begin: nothing,
    wasm_on_status: nothingOf,
    wasm_on_body: nothingOf,
    wasm_on_message_complete: nothing,
    wasm_on_url: level === "verdict" ? nothingOf : onTarget,
    wasm_on_header_field: readsFields ? onName : nothingOf,
    wasm_on_header_value: readsFields ? onValue : nothingOf,
    wasm_on_headers_complete: onHead,
  };
  const module = new WebAssembly.Module(requirePeer("undici/lib/llhttp/llhttp_simd-wasm.js") as Uint8Array);
  const llhttp = new WebAssembly.Instance(module, { env }).exports as Llhttp;
  const parser = llhttp.llhttp_alloc(TYPE.REQUEST);
  const start = llhttp.malloc(memoryBytes);
  const memory = Buffer.from(llhttp.memory.buffer);
  return {
    read(chunks): number {
      let write = start;
      sum = 0;
      for (const chunk of chunks) {
        memory.set(chunk, write);
        execute(write, chunk.length);
        write = isBetweenHeads() ? start : write + chunk.length;
      }
      return sum;
    },
  };

  function isBetweenHeads(): boolean {
    return level === "verdict" || (last < 0 && targetEnd === 0);
  }
}
