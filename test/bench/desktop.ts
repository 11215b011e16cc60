import { DesktopApp } from '../support/desktopapp.js';
import { startDesktopSession } from '../support/desktopsession.js';
import { load as generate, Target } from './generator.js';
import type { Job } from './load/job.js';

const PORT = 21_099;
const SECONDS = 5;
/** Connections a second that the window has to show without a jerk. */
const STEADY = 1000;

const ends: (() => unknown)[] = [];
const session = await startDesktopSession({ after: (end) => ends.push(end) });
const app = await DesktopApp.start(session);
await app.startServer(PORT);
const target = await Target.start();

async function load(job: Pick<Job, 'measure' | 'flows'>): Promise<number[]> {
  const whole: Job = { ...job, seconds: SECONDS, proxy: PORT, target: target.port };
  return [...(await generate(whole)).values];
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

const round = (values: number[]) => values.map((value) => value.toFixed(1));
const out = (what: string, values: number[]) =>
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
target.stop();
await app.close();
for (const end of ends.reverse()) await end();
