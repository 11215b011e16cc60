import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DesktopApp } from '../support/desktopapp.js';
import { startDesktopSession } from '../support/desktopsession.js';
import type { Job } from './load.js';

const PORT = 21_099;
const SECONDS = 5;
/** Connections a second that the window has to show without a jerk. */
const STEADY = 1000;

const ends: (() => unknown)[] = [];
const session = await startDesktopSession({ after: (end) => ends.push(end) });
const app = await DesktopApp.start(session);
await app.startServer(PORT);
const target = fork(fileURLToPath(new URL('./target.js', import.meta.url)));
const [{ port }] = (await once(target, 'message')) as [AddressInfo];

async function load(job: Pick<Job, 'measure' | 'flows'>): Promise<number | number[]> {
  const program = fileURLToPath(new URL('./load.js', import.meta.url));
  const whole: Job = { ...job, seconds: SECONDS, proxy: PORT, target: port };
  const { stdout } = await promisify(execFile)(process.execPath, [program, JSON.stringify(whole)]);
  return JSON.parse(stdout);
}

function setVisible(visible: boolean): Promise<void> {
  return app.electron.evaluate(({ BrowserWindow }, show) => {
    const [window] = BrowserWindow.getAllWindows();
    if (show) window?.show();
    else window?.hide();
  }, visible);
}

/** Counts frames while something goes on. @returns how long they took: p50, p99 and the longest, ms. */
async function frames(action: () => Promise<unknown>): Promise<number[]> {
  await app.page.evaluate(`{
    const times = (globalThis.frameTimes = []);
    let last = performance.now();
    const frame = (now) => {
      times.push(now - last);
      last = now;
      if (globalThis.frameTimes === times) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }`);
  await action();
  return app.page.evaluate(`{
    const times = globalThis.frameTimes.slice(1).sort((a, b) => a - b);
    globalThis.frameTimes = undefined;
    [0.5, 0.99, 1].map((part) => times[Math.min(times.length - 1, Math.floor(times.length * part))])
  }`);
}

const round = (values: number | number[]) => [values].flat().map((value) => value.toFixed(1));
const out = (what: string, values: number | number[]) =>
  process.stdout.write(`${what.padEnd(64)} ${round(values).join(' / ')}\n`);

await load({ measure: 'rate', flows: 32 });
for (const visible of [false, true]) {
  await setVisible(visible);
  if (visible) await app.show('Connections');
  const where = visible ? 'live log in view' : 'window closed';
  const steady = { measure: 'steady', flows: STEADY } as const;
  out(`${STEADY} connections/s, ${where}: ms p50 / p99 / p99.9`, await load(steady));
  if (visible) out('frames meanwhile: ms p50 / p99 / longest', await frames(() => load(steady)));
  out(`most connections/s, ${where}`, await load({ measure: 'rate', flows: 32 }));
  out(`down, 1 flow, ${where}: MB/s`, await load({ measure: 'down', flows: 1 }));
}
target.kill();
await app.close();
for (const end of ends.reverse()) await end();
