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
const names: readonly Buffer[] = threeNames.map((name) => Buffer.from(name));

/**
 * The glue: a chunk is copied behind what has come of its head, so that names and values are whole in the memory; they are noted
 * by where they begin and end, and become strings when the head is whole and the level asks for them.
 */
class WasmParser implements Peer {
  readonly #llhttp: Llhttp;
  readonly #level: Level;
  readonly #methods: string[] = [];
  readonly #parser: number;
  readonly #start: number;
  readonly #memory: Buffer;
  /** Of each field, where its name and its value begin and end. */
  readonly #spans: Int32Array = new Int32Array(4 * 256);
  #fields = 0;
  #inValue = true;
  #targetStart = 0;
  #targetEnd = 0;
  #write: number;
  #sum = 0;

  constructor(level: Level) {
    const { METHODS, TYPE } = requirePeer("undici/lib/llhttp/constants.js") as Constants;
    for (const [name, number] of Object.entries(METHODS)) {
      this.#methods[number] = name;
    }
    this.#level = level;
    const module = new WebAssembly.Module(requirePeer("undici/lib/llhttp/llhttp_simd-wasm.js") as Uint8Array);
    this.#llhttp = new WebAssembly.Instance(module, { env: this.#callbacks() }).exports as Llhttp;
    this.#parser = this.#llhttp.llhttp_alloc(TYPE.REQUEST);
    this.#start = this.#llhttp.malloc(memoryBytes);
    this.#memory = Buffer.from(this.#llhttp.memory.buffer);
    this.#write = this.#start;
  }

  read(chunks: readonly Buffer[]): number {
    this.#sum = 0;
    for (const chunk of chunks) {
      if (this.#fields === 0 && this.#targetEnd === 0) {
        this.#write = this.#start; // no head is under way
      }
      this.#memory.set(chunk, this.#write);
      this.#execute(this.#write, chunk.length);
      this.#write += chunk.length;
    }
    return this.#sum;
  }

  #execute(at: number, length: number): void {
    const code = this.#llhttp.llhttp_execute(this.#parser, at, length);
    if (code === pausedUpgrade && this.#llhttp.llhttp_get_error_pos(this.#parser) === at + length) {
      this.#llhttp.llhttp_resume_after_upgrade(this.#parser);
    } else if (code !== ok) {
      throw new Error(`llhttp says ${code}`);
    }
  }

  #callbacks(): Record<string, (...args: number[]) => number> {
    const nothing = (): number => 0;
    const readsFields = this.#level === "three" || this.#level === "all";
    return {
      wasm_on_message_begin: nothing,
      wasm_on_status: nothing,
      wasm_on_body: nothing,
      wasm_on_message_complete: nothing,
      wasm_on_url: (_parser, at, length) => this.#onTarget(at!, length!),
      wasm_on_header_field: readsFields ? (_parser, at, length) => this.#onName(at!, length!) : nothing,
      wasm_on_header_value: readsFields ? (_parser, at, length) => this.#onValue(at!, length!) : nothing,
      wasm_on_headers_complete: (_parser, _status, upgrade, keepAlive) => this.#onHead(upgrade === 1, keepAlive === 1),
    };
  }

  #onTarget(at: number, length: number): number {
    if (this.#targetEnd !== at) {
      this.#targetStart = at;
    }
    this.#targetEnd = at + length;
    return 0;
  }

  #onName(at: number, length: number): number {
    const spans = this.#spans;
    if (this.#inValue) {
      this.#inValue = false;
      this.#fields++;
      const n = (this.#fields - 1) * 4;
      spans[n] = at;
      spans[n + 2] = spans[n + 3] = 0;
    }
    spans[(this.#fields - 1) * 4 + 1] = at + length;
    return 0;
  }

  #onValue(at: number, length: number): number {
    const spans = this.#spans;
    const n = (this.#fields - 1) * 4;
    if (!this.#inValue) {
      this.#inValue = true;
      spans[n + 2] = at;
    }
    spans[n + 3] = at + length;
    return 0;
  }

  #onHead(upgrade: boolean, keepAlive: boolean): number {
    this.#sum += verdictSum(this.#llhttp.llhttp_get_http_minor(this.#parser), keepAlive, upgrade);
    if (this.#level !== "verdict") {
      const method = this.#methods[this.#llhttp.llhttp_get_method(this.#parser)]!;
      this.#sum += method.length + this.#text(this.#targetStart, this.#targetEnd).length;
    }
    if (this.#level === "three") {
      this.#sum += this.#sumOfThree();
    } else if (this.#level === "all") {
      this.#sum += this.#sumOfAll();
    }
    this.#fields = 0;
    this.#inValue = true;
    this.#targetEnd = 0;
    return 0;
  }

  #sumOfThree(): number {
    let sum = 0;
    for (let n = 0; n < this.#fields * 4; n += 4) {
      const [start, end] = [this.#spans[n]!, this.#spans[n + 1]!];
      for (let k = 0; k < names.length; k++) {
        if (end - start === names[k]!.length && this.#isNamed(names[k]!, start)) {
          sum += this.#text(this.#spans[n + 2]!, this.#spans[n + 3]!).length;
        }
      }
    }
    return sum;
  }

  /** Whatever the case: a bit makes letters small, and leaves a hyphen as it is. */
  #isNamed(name: Buffer, start: number): boolean {
    for (let at = 0; at < name.length; at++) {
      if ((this.#memory[start + at]! | 0x20) !== name[at]) {
        return false;
      }
    }
    return true;
  }

  #sumOfAll(): number {
    let sum = 0;
    for (let n = 0; n < this.#fields * 4; n += 4) {
      sum += this.#text(this.#spans[n]!, this.#spans[n + 1]!).length;
      sum += this.#text(this.#spans[n + 2]!, this.#spans[n + 3]!).length;
    }
    return sum;
  }

  #text(start: number, end: number): string {
    return this.#memory.toString("latin1", start, end);
  }
}

export function llhttpWasm(level: Level): Peer {
  return new WasmParser(level);
}
