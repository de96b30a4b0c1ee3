// Inference of the cross-stitched CaffeNet pair in ONNX Runtime, timed; the face of bench/infer.
//
//     node onnxruntime_infer.mjs --model FILE --modules FOLDER --batch N --threads N --steps N --json
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const given = { model: '', modules: '', batch: 16, threads: 2, steps: 8, json: false };
for (let i = 2; i < process.argv.length; ++i) {
  const name = process.argv[i].replace(/^--/, '');
  if (!(name in given)) throw new Error(`unknown option ${process.argv[i]}`);
  if (name === 'json') given.json = true;
  else given[name] = typeof given[name] === 'number' ? Number(process.argv[++i]) : process.argv[++i];
}
const ort = createRequire(resolve(given.modules, 'index.js'))('onnxruntime-node');
const session = await ort.InferenceSession.create(given.model, {
  executionProviders: ['cpu'],
  intraOpNumThreads: given.threads,
  interOpNumThreads: 1,
  graphOptimizationLevel: 'all',
});
const shape = [given.batch, 3, 227, 227];
const data = new Float32Array(shape.reduce((a, b) => a * b));
for (let i = 0; i < data.length; ++i) data[i] = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
const x = new ort.Tensor('float32', data, shape);

for (let i = 0; i < 3; ++i) await session.run({ x });
const seconds = [];
let outputs;
for (let i = 0; i < given.steps; ++i) {
  const start = process.hrtime.bigint();
  outputs = await session.run({ x });
  seconds.push(Number(process.hrtime.bigint() - start) * 1e-9);
}
for (const name of ['a', 'b'])
  if (!outputs[name].data.every(Number.isFinite)) throw new Error(`output ${name} is not finite`);
seconds.sort((a, b) => a - b);
const half = seconds.length >> 1;
const middle = seconds.length % 2 ? seconds[half] : (seconds[half - 1] + seconds[half]) / 2;
const version = createRequire(resolve(given.modules, 'index.js'))('onnxruntime-node/package.json').version;
const figures = {
  network: 'cross_stitch', model: 'caffenet', batch: given.batch, precision: 'fp32', threads: given.threads, steps: given.steps,
  onnxruntime: version, seconds_per_step: middle, seconds_per_step_least: seconds[0], images_per_second: given.batch / middle,
  peak_rss_bytes: process.resourceUsage().maxRSS * 1024,
};
if (given.json) console.log(JSON.stringify(figures));
else for (const [name, value] of Object.entries(figures)) console.log(name.replaceAll('_', ' ').padEnd(22), value);
