// Figures as the other benchmarks print and record them (benches/src/results.rs).
import { appendFileSync } from "node:fs";

export function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(q * (sorted.length - 1) + 0.5)];
}

/** The nanoseconds of each of `count` operations, which `body` does. */
export function time(count, body) {
  const start = process.hrtime.bigint();
  body(count);
  return Number(process.hrtime.bigint() - start) / count;
}

/** Rounds of both sides in turns; a figure whose target is 0 is given for information. */
export function record(results, { id, what, baseName, unit = "ns", target = 0 }, rounds) {
  const ratios = rounds.map(([ours, base]) => ours / base);
  const ours = quantile(rounds.map(([ours]) => ours), 0.5);
  const base = quantile(rounds.map(([, base]) => base), 0.5);
  const [ratio, low, high] = [0.5, 0.25, 0.75].map((q) => quantile(ratios, q));
  const verdict = target === 0 ? "" : ratio <= target ? "met" : "MISSED";
  const number = (value, width, digits) => value.toFixed(digits).padStart(width);
  console.log(
    `${what.padEnd(58)} ${number(ours, 12, 1)} ${number(base, 12, 1)}  ${number(ratio, 6, 2)} (${low.toFixed(2)}..${high.toFixed(2)}) ${verdict}`,
  );
  const numbers = [ours.toFixed(3), base.toFixed(3), ratio.toFixed(4), low.toFixed(4), high.toFixed(4), target.toFixed(2)];
  appendFileSync(results, `${[id, what, baseName, unit, ...numbers].join("\t")}\n`);
}
