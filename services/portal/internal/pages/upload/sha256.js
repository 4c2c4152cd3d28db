// A worker that hashes files by SHA-256: it gets {id, file} and answers {id, done} in bytes as it goes, then {id, hash} in hex, or {id, failed}.
// The browser's own digest takes bytes only whole and only over https, so what is larger, or comes over http, is hashed here piece by piece.
"use strict";

const WHOLE = 64 * 1024 * 1024;
const PIECE = 4 * 1024 * 1024;

// The constants are the fractional parts of the cube roots of the first 64 primes, the initial state those of the square roots of the first 8 (FIPS 180-4).
const K = new Int32Array(64);
const H0 = new Int32Array(8);
(function constants() {
  const fraction = (x) => Math.floor((x - Math.floor(x)) * 0x100000000) | 0;
  for (let n = 2, i = 0; i < 64; n++) {
    let prime = true;
    for (let d = 2; d * d <= n && prime; d++) prime = n % d !== 0;
    if (!prime) continue;
    if (i < 8) H0[i] = fraction(Math.sqrt(n));
    K[i++] = fraction(Math.cbrt(n));
  }
})();

class SHA256 {
  constructor() {
    this.h = H0.slice();
    this.w = new Int32Array(64);
    this.rest = new Uint8Array(64);
    this.held = 0;
    this.length = 0;
  }

  update(bytes) {
    this.length += bytes.length;
    let at = 0;
    if (this.held > 0) {
      const n = Math.min(64 - this.held, bytes.length);
      this.rest.set(bytes.subarray(0, n), this.held);
      this.held += n;
      at = n;
      if (this.held < 64) return;
      this.blocks(this.rest, 0, 64);
      this.held = 0;
    }
    const whole = at + ((bytes.length - at) & ~63);
    this.blocks(bytes, at, whole);
    this.rest.set(bytes.subarray(whole));
    this.held = bytes.length - whole;
  }

  blocks(b, from, to) {
    const w = this.w, h = this.h;
    for (let p = from; p < to; p += 64) {
      for (let i = 0, j = p; i < 16; i++, j += 4) w[i] = (b[j] << 24) | (b[j + 1] << 16) | (b[j + 2] << 8) | b[j + 3];
      for (let i = 16; i < 64; i++) {
        const x = w[i - 15], y = w[i - 2];
        const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
        const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
        w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
      }
      let a = h[0], bb = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], hh = h[7];
      for (let i = 0; i < 64; i++) {
        const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
        const t1 = (hh + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
        const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
        const t2 = (s0 + ((a & bb) ^ (a & c) ^ (bb & c))) | 0;
        hh = g; g = f; f = e; e = (d + t1) | 0; d = c; c = bb; bb = a; a = (t1 + t2) | 0;
      }
      h[0] = (h[0] + a) | 0; h[1] = (h[1] + bb) | 0; h[2] = (h[2] + c) | 0; h[3] = (h[3] + d) | 0;
      h[4] = (h[4] + e) | 0; h[5] = (h[5] + f) | 0; h[6] = (h[6] + g) | 0; h[7] = (h[7] + hh) | 0;
    }
  }

  hex() {
    const length = this.length;
    const pad = new Uint8Array(((this.held < 56 ? 56 : 120) - this.held) + 8);
    pad[0] = 0x80;
    const end = new DataView(pad.buffer, pad.length - 8);
    end.setUint32(0, Math.floor(length / 0x20000000));
    end.setUint32(4, (length << 3) >>> 0);
    this.update(pad);
    return Array.from(this.h, (x) => (x >>> 0).toString(16).padStart(8, "0")).join("");
  }
}

const hex = (buffer) => Array.from(new Uint8Array(buffer), (x) => x.toString(16).padStart(2, "0")).join("");

async function hashed({ id, file, piecewise }) {
  if (!piecewise && file.size <= WHOLE && self.crypto && self.crypto.subtle) return hex(await self.crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  const sum = new SHA256();
  for (let at = 0; at < file.size; at += PIECE) {
    sum.update(new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer()));
    self.postMessage({ id, done: Math.min(at + PIECE, file.size) });
  }
  return sum.hex();
}

// One file at a time: two would only take turns on one disk.
let last = Promise.resolve();
self.onmessage = (event) => {
  const { id } = event.data;
  last = last.then(() => hashed(event.data)).then((hash) => self.postMessage({ id, hash }), (e) => self.postMessage({ id, failed: String(e) }));
};
