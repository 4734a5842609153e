// Makes a screenshot small: a PNG of at most 256 colours, the most frequent ones that differ visibly. The others become their
// nearest neighbours.
import { readFileSync, writeFileSync } from "node:fs";
import { crc32, deflateSync, inflateSync } from "node:zlib";
import { check } from "./browser.mjs";

const SIGNATURE = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");

// The least squared distance of two colours that a reader tells apart.
const SEEN = 200;

const chunks = function* (file) {
  for (let at = SIGNATURE.length; at < file.length; at += file.readUInt32BE(at) + 12) {
    yield [file.toString("latin1", at + 4, at + 8), file.subarray(at + 8, at + 8 + file.readUInt32BE(at))];
  }
};

const chunk = (type, data) => {
  const named = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, check]);
};

// The bytes of the pixels, without the filters of their lines (PNG specification, 9.2).
const pixels = (file) => {
  const all = [...chunks(file)];
  const head = all.find(([type]) => type === "IHDR")[1];
  const [width, height, size] = [head.readUInt32BE(0), head.readUInt32BE(4), head[9] === 6 ? 4 : 3];
  check(head[8] === 8 && [2, 6].includes(head[9]) && head[12] === 0, "8 bits, true colour, not interlaced");
  const raw = inflateSync(Buffer.concat(all.filter(([type]) => type === "IDAT").map(([, data]) => data)));
  const [stride, out] = [width * size, Buffer.alloc(width * size * height)];
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (stride + 1)];
    for (let x = 0; x < stride; x++) {
      const left = x < size ? 0 : out[y * stride + x - size];
      const up = y === 0 ? 0 : out[(y - 1) * stride + x];
      const corner = x < size || y === 0 ? 0 : out[(y - 1) * stride + x - size];
      const estimate = left + up - corner;
      const [a, b, c] = [left, up, corner].map((it) => Math.abs(estimate - it));
      const paeth = a <= b && a <= c ? left : b <= c ? up : corner;
      const predicted = [0, left, up, (left + up) >> 1, paeth][filter];
      out[y * stride + x] = raw[y * (stride + 1) + 1 + x] + predicted;
    }
  }
  return { width, height, size, out };
};

export const shrink = (path) => {
  const { width, height, size, out } = pixels(readFileSync(path));
  const counts = new Map();
  const color = (at) => (out[at] << 16) | (out[at + 1] << 8) | out[at + 2];
  for (let at = 0; at < out.length; at += size) counts.set(color(at), (counts.get(color(at)) ?? 0) + 1);
  const distance = (one, other) => [16, 8, 0].reduce((sum, bits) => sum + (((one >> bits) & 255) - ((other >> bits) & 255)) ** 2, 0);
  const palette = [];
  for (const [it] of [...counts].sort((one, other) => other[1] - one[1])) {
    if (palette.length < 256 && palette.every((chosen) => distance(it, chosen) >= SEEN)) palette.push(it);
  }
  const nearest = (it) => palette.reduce((best, other, index) => (distance(it, other) < distance(it, palette[best]) ? index : best), 0);
  const index = new Map([...counts.keys()].map((it) => [it, nearest(it)]));
  const lines = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) lines[y * (width + 1) + 1 + x] = index.get(color((y * width + x) * size));
  }
  const head = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 3, 0, 0, 0]);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  const colors = Buffer.from(palette.flatMap((it) => [it >> 16, (it >> 8) & 255, it & 255]));
  const parts = [["IHDR", head], ["PLTE", colors], ["IDAT", deflateSync(lines, { level: 9 })], ["IEND", Buffer.alloc(0)]];
  writeFileSync(path, Buffer.concat([SIGNATURE, ...parts.map(([type, data]) => chunk(type, data))]));
};
