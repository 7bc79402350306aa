/**
 * XOR with a repeated word, 16 bytes at a time: WebAssembly, since JavaScript has no such instruction. Written by hand; in
 * the text format it is
 *
 *     (module
 *       (memory (export "m") 1)
 *       (func (export "x") (param $end i32) (param $key i32) (result i32)
 *         (local $at i32) (local $keys v128) (local $seen v128) (local $bytes v128)
 *         (local.set $keys (i32x4.splat (local.get $key)))
 *         (loop $next
 *           (v128.store (local.get $at)
 *             (local.tee $bytes (v128.xor (v128.load (local.get $at)) (local.get $keys))))
 *           (local.set $seen (v128.or (local.get $seen) (local.get $bytes)))
 *           (br_if $next (i32.lt_u
 *             (local.tee $at (i32.add (local.get $at) (i32.const 16)))
 *             (local.get $end))))
 *         (i8x16.bitmask (local.get $seen))))
 */
const code = [
  [0x02, 0x01, 0x7f, 0x03, 0x7b], // locals: one i32, three v128
  [0x20, 0x01, 0xfd, 0x11, 0x21, 0x03], // $keys = i32x4.splat($key)
  [0x03, 0x40], // loop
  [0x20, 0x02, 0x20, 0x02, 0xfd, 0x00, 0x04, 0x00], // $at, v128.load($at)
  [0x20, 0x03, 0xfd, 0x51, 0x22, 0x05], // $bytes = xor $keys
  [0xfd, 0x0b, 0x04, 0x00], // v128.store
  [0x20, 0x04, 0x20, 0x05, 0xfd, 0x50, 0x21, 0x04], // $seen = $seen or $bytes
  [0x20, 0x02, 0x41, 0x10, 0x6a, 0x22, 0x02], // $at = $at + 16
  [0x20, 0x00, 0x49, 0x0d, 0x00, 0x0b], // while $at < $end
  [0x20, 0x04, 0xfd, 0x64, 0x0b], // i8x16.bitmask($seen)
].flat();

const program = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // "\0asm", version 1
  ...[0x01, 0x07, 0x01, 0x60, 0x02, 0x7f, 0x7f, 0x01, 0x7f], // one type: (i32, i32) -> i32
  ...[0x03, 0x02, 0x01, 0x00], // one function of it
  ...[0x05, 0x03, 0x01, 0x00, 0x01], // one memory of one page
  ...[0x07, 0x09, 0x02, 0x01, 0x6d, 0x02, 0x00, 0x01, 0x78, 0x00, 0x00], // exports "m" and "x"
  ...[0x0a, code.length + 2, 0x01, code.length, ...code],
);

/** What of it is used here: Node's own typings leave it to the browser's. */
declare const WebAssembly:
  | undefined
  | {
      readonly Module: new (program: Uint8Array) => object;
      readonly Instance: new (module: object) => { readonly exports: unknown };
    };

/** Where it works: payloads are copied in, and out again. */
interface Simd {
  readonly memory: Buffer;
  /** XORs the memory up to `end`, which 16 divides, with `key`. Gives 0 where all that results is ASCII. */
  xor(end: number, key: number): number;
}

/** Undefined where there is no WebAssembly (`--jitless`), no SIMD, or no room for its memory: all is done plainly then. */
export const simd: Simd | undefined = typeof WebAssembly === "undefined" ? undefined : instantiate(WebAssembly);

function instantiate({ Module, Instance }: NonNullable<typeof WebAssembly>): Simd | undefined {
  try {
    const { exports } = new Instance(new Module(program));
    const { m, x } = exports as { m: { buffer: ArrayBuffer }; x: Simd["xor"] };
    return { memory: Buffer.from(m.buffer), xor: x };
  } catch {
    return undefined;
  }
}
