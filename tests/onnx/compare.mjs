// Runs the ONNX files of a folder in ONNX Runtime and compares with what we predicted:
// |a - b| <= 1e-4 max|b| + 1e-6, for each output. All samples at once, then the first alone.
//
//     node compare.mjs MODULES CASES
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const [modules, folder] = process.argv.slice(2);
const ort = createRequire(resolve(modules, 'index.js'))('onnxruntime-node');
const read = (path) => {
  const bytes = readFileSync(path);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
};
const first = ({ shape, data }) => ({ shape: [1, ...shape.slice(1)], data: data.slice(0, data.length / shape[0]) });

let failures = 0, outputs = 0;
for (const name of readdirSync(folder).sort()) {
  const tensors = JSON.parse(readFileSync(join(folder, name, 'case.json'), 'utf8'));
  for (const tensor of tensors) tensor.data = read(join(folder, name, tensor.file));
  let worst = 0, what = '';
  const refuse = (why) => { ++failures; console.log(`FAILED ${name}: ${why}`); };
  try {
    const session = await ort.InferenceSession.create(join(folder, name, 'model.onnx'), { executionProviders: ['cpu'], logSeverityLevel: 3 });
    const expected = tensors.filter((t) => t.kind === 'output');
    if ([...session.outputNames].sort().join() !== expected.map((t) => t.name).sort().join()) refuse(`outputs ${session.outputNames}`);
    for (const cut of [(t) => t, first]) {
      const feeds = {};
      for (const t of tensors.filter((t) => t.kind === 'input')) feeds[t.name] = new ort.Tensor('float32', cut(t).data, cut(t).shape);
      const results = await session.run(feeds);
      for (const t of expected) {
        const want = cut(t), got = results[t.name];
        if (got.dims.join() !== want.shape.join()) { refuse(`${t.name} is [${got.dims}], expected [${want.shape}]`); continue; }
        let largest = 0, difference = 0;
        for (let i = 0; i < want.data.length; ++i) {
          largest = Math.max(largest, Math.abs(want.data[i]));
          const d = Math.abs(got.data[i] - want.data[i]);
          if (!(d <= difference)) difference = d;  // NaN stays
        }
        ++outputs;
        if (!(difference <= 1e-4 * largest + 1e-6)) refuse(`${t.name} differs by ${difference}, largest element ${largest}`);
        if (difference / largest > worst) { worst = difference / largest; what = t.name; }
      }
    }
  } catch (error) {
    refuse(error.message);
  }
  console.log(`${name}: largest difference ${worst.toExponential(1)} of the largest element ${what ? `(${what})` : ''}`);
}
console.log(`${outputs} outputs compared, ${failures} failures`);
process.exit(failures === 0 && outputs > 0 ? 0 : 1);
