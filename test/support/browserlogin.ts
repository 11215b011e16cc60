import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

// usage: browserlogin URL USER PASSWORD COMMAND: starts Chromium by a command, opens a page, types
// name and password in where they are asked for, and prints the page and how often that was.
const [url = '', username = '', password = '', command = ''] = process.argv.slice(2);

const browser = spawn(`exec ${command} --remote-debugging-port=0 about:blank`, {
  shell: true,
  stdio: ['ignore', 'ignore', 'pipe'],
});
const endpoint = await new Promise<string>((resolve, reject) => {
  let said = '';
  createInterface({ input: browser.stderr }).on('line', (line) => {
    said += `${line}\n`;
    const found = /DevTools listening on (ws:\S+)/.exec(line)?.[1];
    if (found !== undefined) resolve(found);
  });
  browser.once('close', () => reject(new Error(`Chromium has ended: ${said}`)));
});

try {
  const connected = await chromium.connectOverCDP(endpoint);
  const page = await (connected.contexts()[0] ?? (await connected.newContext())).newPage();
  const session = await page.context().newCDPSession(page);
  let asked = 0;
  session.on('Fetch.requestPaused', ({ requestId }) => {
    void session.send('Fetch.continueRequest', { requestId }).catch(() => {});
  });
  session.on('Fetch.authRequired', ({ requestId, authChallenge }) => {
    if (authChallenge.source === 'Proxy') asked++;
    const answer = { response: 'ProvideCredentials', username, password } as const;
    void session
      .send('Fetch.continueWithAuth', { requestId, authChallengeResponse: answer })
      .catch(() => {});
  });
  await session.send('Fetch.enable', { handleAuthRequests: true });
  await page.goto(url, { waitUntil: 'load' });
  process.stdout.write(`${await page.content()}\nasked ${asked}\n`);
  await connected.close();
} finally {
  browser.kill('SIGKILL');
}
process.exit();
